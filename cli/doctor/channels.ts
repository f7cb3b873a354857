import type { App } from "../app.ts";
import { bad, type Line, ok, warn } from "./line.ts";

/** channelLines asks every channel whether its receiver can be reached; nobody is sent anything. */
export async function channelLines(app: App): Promise<Line[]> {
  const checked = await app.alerter.check();
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
