import { isDeepStrictEqual } from "node:util";
import type { ChannelConfig, Config } from "../schemas/config.ts";
import { type Channel, openChannel, type Surroundings } from "./channel.ts";
import { channelKey, laneKey } from "./targets.ts";

type Receivers = Config["receivers"];

/** openChannels opens every channel of the receivers, by laneKey; those in `kept` are open already. */
export async function openChannels(
  receivers: Receivers,
  world: { now(): number; output?: Surroundings["output"] },
  kept: ReadonlyMap<string, Channel> = new Map(),
): Promise<Map<string, Channel>> {
  const output = world.output ?? { write: (text) => void process.stdout.write(text), colour: process.stdout.isTTY };
  const surroundings: Surroundings = { now: world.now, output };
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

const settingsOf = (receivers: Receivers): Map<string, ChannelConfig> =>
  new Map(receivers.flatMap((r) => r.channels.map((c, i) => [laneKey(r.name, channelKey(i, c.kind)), c] as const)));
