import type { Alerter } from "../../alert/alerter.ts";
import { checkChannels, openChannels } from "../../alert/open_channels.ts";
import type { Config } from "../../schemas/config.ts";
import { bad, type Line, ok, warn } from "./line.ts";

/** channelLines asks every channel whether its receiver can be reached; nobody is sent anything. */
export async function channelLines(check: Alerter["check"]): Promise<Line[]> {
  const checked = await check();
  if (checked.length === 0)
    return [warn("channels", "none: incidents are only shown here", "name one under `receivers`")];
  return checked.map(({ receiver, channel, result }) => {
    const check = `channel ${receiver}/${channel}`;
    if (result === null) return ok(check, "it cannot be asked without sending");
    if (result.kind === "ok") return ok(check, "its receiver can be reached; nothing was sent");
    return bad(
      check,
      result.detail,
      `look at the channel ${channel} of the receiver ${receiver} in the config, and at the way to it`,
    );
  });
}

/** channelsApart opens the channels beside the process that alerts, and asks them. */
export async function channelsApart({ receivers }: Config, now: () => number): ReturnType<Alerter["check"]> {
  const channels = await openChannels(receivers, { now });
  try {
    return await checkChannels(channels);
  } finally {
    for (const channel of channels.values()) channel.close?.();
  }
}
