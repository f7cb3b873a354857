import { isDeepStrictEqual } from "node:util";
import type { Config } from "../schemas/config.ts";
import type { ChannelConfig } from "../schemas/config_channels.ts";
import { type Channel, openChannel, retry, type SendResult, type Surroundings } from "./channel.ts";
import { channelKey, kindOf, laneKey } from "./targets.ts";

type Receivers = Config["receivers"];

/** openChannels opens every channel of the receivers, by laneKey; those in `kept` are open already. */
export async function openChannels(
  receivers: Receivers,
  world: Omit<Surroundings, "output"> & Partial<Pick<Surroundings, "output">>,
  kept: ReadonlyMap<string, Channel> = new Map(),
): Promise<Map<string, Channel>> {
  const output = world.output ?? { write: (text) => void process.stdout.write(text), colour: process.stdout.isTTY };
  const surroundings: Surroundings = { now: world.now, output, links: world.links, ownerOf: world.ownerOf };
  const channels = new Map<string, Channel>();
  for (const [lane, config] of settingsOf(receivers))
    channels.set(lane, kept.get(lane) ?? (await openChannel(config, surroundings)));
  return channels;
}

/** unchanged gives the open channels that another config leaves as they are. */
export function unchanged(
  before: Receivers,
  after: Receivers,
  open: ReadonlyMap<string, Channel>,
): Map<string, Channel> {
  const [was, is] = [settingsOf(before), settingsOf(after)];
  return new Map([...open].filter(([lane]) => is.has(lane) && isDeepStrictEqual(was.get(lane), is.get(lane))));
}

const CHECK_MS = 10_000;

/** checkChannels asks all channels side by side; one that takes too long is given up. */
export const checkChannels = (
  channels: ReadonlyMap<string, Channel>,
): Promise<{ receiver: string; channel: string; result: SendResult | null }[]> =>
  Promise.all(
    [...channels].map(async ([lane, open]) => {
      const [receiver = "", channel = ""] = lane.split("\n");
      const signal = AbortSignal.timeout(CHECK_MS);
      const late = new Promise<SendResult>((resolve) => {
        signal.addEventListener("abort", () => resolve(retry("timeout", "It did not answer in time.")), { once: true });
      });
      const result = open.check ? await Promise.race([open.check(signal), late]) : null;
      return { receiver, channel: kindOf(channel), result };
    }),
  );

const settingsOf = (receivers: Receivers): Map<string, ChannelConfig> =>
  new Map(receivers.flatMap((r) => r.channels.map((c, i) => [laneKey(r.name, channelKey(i, c.kind)), c] as const)));
