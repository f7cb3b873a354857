import { randomUUID } from "node:crypto";
import { iso, parseDuration } from "../../schemas/duration.ts";
import {
  endOfSilence,
  type Silence,
  silenceAdd as silenceAddCommand,
  silenceLabel,
  silenceState,
} from "../../schemas/silence.ts";
import { CommandFault } from "../out.ts";
import { inert, printTable, shortTime } from "../table.ts";
import { flag, type StoreCommand, text, texts } from "./command.ts";

export const silenceAdd: StoreCommand = async ({ app, args, out, actor }) => {
  const lasts = parseDuration(text(args.for) ?? "");
  if (lasts === null) throw new CommandFault("Say for how long: --for 30m, 2h or 7d.", 2);
  const at = app.now();
  const starts_at = startOf(text(args.starts), at);
  const wanted = silenceAddCommand.safeParse({
    ...{ kind: "silence_add", id: randomUUID(), actor, at, starts_at, ends_at: starts_at + lasts },
    ...{ matchers: texts(args.matchers), reason: text(args.reason) ?? "" },
  });
  if (!wanted.success) throw new CommandFault(wanted.error.issues.map((i) => i.message).join("\n"), 2);
  const silence = await app.alerter.silence(wanted.data).catch((error: unknown) => {
    throw new CommandFault((error as Error).message, 2);
  });
  if (silence === null) throw new CommandFault("This silence is there already.");
  if (flag(args.json)) out.line(JSON.stringify(lineOf(silence, app.now())));
  else
    out.line(
      `${silenceLabel(silence.uid)} holds what matches ${inert(silence.matchers.join(" and "))} until ${shortTime(silence.ends_at)} UTC.`,
    );
  return 0;
};

function startOf(given: string | null, now: number): number {
  if (given === null) return now;
  const time = Date.parse(given);
  if (Number.isNaN(time))
    throw new CommandFault(`"${inert(given)}" is no time; write it like 2026-12-01T06:00:00Z.`, 2);
  return time;
}

export const silenceList: StoreCommand = async ({ app, args, out }) => {
  const silences = await app.alerter.silences({ all: flag(args.all) });
  const now = app.now();
  if (flag(args.json)) {
    for (const silence of silences) out.line(JSON.stringify(lineOf(silence, now)));
    return 0;
  }
  if (silences.length === 0) {
    out.line(flag(args.all) ? "There were no silences yet." : "No silences. `--all` shows those that have ended.");
    return 0;
  }
  printTable(
    out,
    ["ID", "STATE", "MATCHES", "UNTIL (UTC)", "BY", "HELD", "REASON"],
    silences.map((s) => [
      silenceLabel(s.uid),
      silenceState(s, now),
      s.matchers.join(" "),
      shortTime(endOfSilence(s)),
      s.author.slice(0, 24),
      s.hits,
      s.reason.slice(0, 60),
    ]),
  );
  return 0;
};

export const silenceExpire: StoreCommand = async ({ app, args, out, actor }) => {
  for (const uid of texts(args.ids)) {
    const wanted = { kind: "silence_expire", id: randomUUID(), actor, at: app.now(), uid } as const;
    const done = await app.alerter.silence(wanted).catch((error: unknown) => {
      throw new CommandFault((error as Error).message);
    });
    out.line(done ? `${silenceLabel(done.uid)} has ended.` : `${inert(uid)} had ended already; nothing changed.`);
  }
  return 0;
};

/** lineOf is the public JSON form of a silence: additive changes only. */
const lineOf = (s: Silence, now: number): object => ({
  ...s,
  state: silenceState(s, now),
  starts_at: iso(s.starts_at),
  ends_at: iso(s.ends_at),
  created_at: iso(s.created_at),
  expired_at: s.expired_at === null ? null : iso(s.expired_at),
});
