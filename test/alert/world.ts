import { type Alerter, type AlerterOptions, createAlerter } from "../../alert/alerter.ts";
import type { ConfigText } from "../../schemas/config.ts";
import type { Finding } from "../../schemas/finding.ts";
import type { Command } from "../../schemas/incident.ts";
import type { SilenceCommand } from "../../schemas/silence.ts";
import type { Store } from "../../schemas/store/store.ts";
import { httpReceiver } from "./receivers.ts";
import { configOf, fakeClock, finding, T0 } from "./support.ts";

const secret = `whsec_${Buffer.from("a secret of thirty-two characters").toString("base64")}`;

/** What came to one of the receivers, in words that a test can compare. */
export interface Heard {
  /** Virtual time, ms after T0. */
  at: number;
  text: string;
}

/** A tool that takes every incident by itself (`hook`), and a place where people read (`chat`), over real sockets and in virtual time. */
export async function createWorld(store: Store) {
  const servers = { hook: await httpReceiver(), chat: await httpReceiver() };
  let clock = fakeClock();
  let commands = 0;
  const channel = {
    hook: () => ({
      kind: "webhook" as const,
      url: servers.hook.url,
      secrets: [secret],
      allow_private_addresses: true,
    }),
    chat: () => ({ kind: "slack" as const, webhook_url: servers.chat.url }),
  };
  const seenAt = { hook: [] as number[], chat: [] as number[] };
  /** Notes when messages came, which the sockets do not know. */
  const note = () => {
    for (const name of ["hook", "chat"] as const)
      while (seenAt[name].length < servers[name].requests.length) seenAt[name].push(clock.now() - T0);
  };
  let alerter: Alerter | null = null;
  const current = () => alerter!;
  return {
    servers,
    channel,
    get alerter() {
      return current();
    },
    get now() {
      return clock.now();
    },
    /** Starts anew: another config, the same store and time where `keep` says so. */
    async start(config: ConfigText, { keep = false, ...change }: Partial<AlerterOptions> & { keep?: boolean } = {}) {
      if (!keep) {
        clock = fakeClock();
        for (const name of ["hook", "chat"] as const) {
          servers[name].requests.length = 0;
          seenAt[name].length = 0;
        }
      }
      const read = configOf({ receivers: [{ name: "hook", channels: [channel.hook()] }], ...config });
      alerter = await createAlerter({ store, config: read, now: () => clock.now(), random: () => 0, ...change });
      return alerter;
    },
    /** A finding of a key, now. */
    find: (key: string, change: Partial<Finding> = {}) =>
      current().apply([
        finding({
          ...{ subject_uid: key, key_uid: key, key_name: key, first_seen: clock.now(), dimension: `d${clock.now()}` },
          ...change,
        }),
      ]),
    /** Moves the clock in steps, so that what falls due between is seen at its time. */
    async pass(ms: number, step = ms) {
      for (let left = ms; left > 0; left -= step) {
        clock.move(Math.min(step, left));
        await current().tick();
        note();
      }
    },
    async tick() {
      await current().tick();
      note();
    },
    command: (incident_uid: string, kind: Command["kind"], change: Partial<Command> = {}) =>
      current().command({
        ...{ id: `cmd-${commands++}`, incident_uid, kind, actor: "ann", at: clock.now(), note: "", assignee: null },
        verdict: kind === "resolve" ? "benign" : null,
        ...change,
      }),
    silence: (matchers: string[], lastsMs: number, change: Partial<SilenceCommand> = {}) =>
      current().silence({
        ...{ kind: "silence_add", id: `sil-${commands++}`, actor: "ann", at: clock.now(), matchers, reason: "works" },
        ...{ starts_at: clock.now(), ends_at: clock.now() + lastsMs },
        ...change,
      } as SilenceCommand),
    /** What a tool was told: "key: kinds of the transitions". */
    hook: (): Heard[] =>
      servers.hook.requests.map((r, i) => {
        const { data } = JSON.parse(r.body) as {
          data: { incident: { key_name: string }; transitions: { kind: string }[] };
        };
        const kinds = data.transitions.map((t) => t.kind).join("+");
        return { at: seenAt.hook[i]!, text: `${data.incident.key_name}: ${kinds}` };
      }),
    /** What people read: the text line of each message. */
    chat: (): Heard[] =>
      servers.chat.requests.map((r, i) => ({
        at: seenAt.chat[i]!,
        text: String((JSON.parse(r.body) as { text: string }).text),
      })),
    async stop() {
      await Promise.all([servers.hook.stop(), servers.chat.stop()]);
    },
  };
}
