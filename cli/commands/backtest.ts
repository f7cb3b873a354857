import { readEvents } from "../../detect/event_reader.ts";
import { createInventoryIndex } from "../../detect/inventory_index.ts";
import type { Config } from "../../schemas/config.ts";
import { DAY_MS, iso } from "../../schemas/duration.ts";
import { incidentLabel } from "../../schemas/incident.ts";
import { when } from "../../schemas/inventory.ts";
import { commandsBefore, eventsBefore } from "../../schemas/queries/backtest.ts";
import type { App } from "../app.ts";
import { type Comparison, compare } from "../backtest/compare.ts";
import { type Notice, openRehearsal, type Rehearsal, type Rehearsed } from "../backtest/rehearsal.ts";
import { readInventory } from "../inventory_store.ts";
import { loadConfig, loadInventory } from "../load_config.ts";
import { CommandFault, count, type Out, progressBar } from "../out.ts";
import { inert, printTable, shortTime } from "../table.ts";
import { flag, type StoreCommand, text } from "./command.ts";

const MAX_LINES = 100;

/**
 * backtest plays the stored events through detection and alerting by a config, on the clock of event time, and says who would have been
 * told what and when. With another config it says what changes. Nothing of the installation is written, and nobody hears of it.
 */
export const backtest: StoreCommand = async ({ app, args, out }) => {
  const span = spanOf(args.from, args.to, app.now());
  const other = text(args.diff);
  const configs = [configOf(app, text(args.config)), ...(other === null ? [] : [configOf(app, other)])];
  const [first, second] = await rehearse(app, configs, span, out);
  const changes = second === undefined ? null : compare(first!, second);
  if (flag(args.json)) printJson(out, span, first!, changes);
  else print(out, span, first!, changes);
  return 0;
};

interface Span {
  from: number;
  to: number;
}

function spanOf(from: unknown, to: unknown, now: number): Span {
  const time = (value: unknown, name: string, fallback: number | null): number => {
    if (value === undefined && fallback !== null) return fallback;
    const parsed = when.safeParse(value);
    if (!parsed.success)
      throw new CommandFault(
        `--${name} takes a date or a time with zone, such as 2026-03-01 or 2026-03-01T09:00:00Z.`,
        2,
      );
    return parsed.data;
  };
  const span = { from: time(from, "from", null), to: time(to, "to", now) };
  if (span.from >= span.to) throw new CommandFault("--from has to lie before --to.", 2);
  return span;
}

/** The store, the sources and the pepper stay those of the installation. */
function configOf(app: App, file: string | null): Config {
  if (file === null) return app.config;
  const { detect, alert, route, receivers, inventory } = loadConfig(file).config;
  return { ...app.config, detect, alert, route, receivers, inventory };
}

async function rehearse(app: App, configs: readonly Config[], span: Span, out: Out): Promise<Rehearsed[]> {
  const { store } = app;
  const [held] = await store.ask(eventsBefore, { to: span.to });
  if (held === undefined || held.events === 0)
    throw new CommandFault("The store holds no events before --to. `keywatch ingest <paths>` reads logs.");
  const [row] = await store.rows("SELECT currentDatabase() AS name");
  const commands = await store.ask(commandsBefore, { to: span.to });
  const stored = await readInventory(store);
  const rehearsals: Rehearsal[] = [];
  try {
    for (const config of configs) {
      // The inventory of another config is tried for the whole time; that of the installation holds as it did.
      const versions =
        config.inventory === null || config.inventory === app.config.inventory
          ? stored
          : [{ effective_at: 0, inventory: loadInventory(config.inventory, app.config) }];
      const inventory = createInventoryIndex(versions, app.parts.fingerprint);
      rehearsals.push(
        await openRehearsal({
          ...span,
          store,
          database: String(row!.name),
          config,
          parts: app.parts,
          inventory,
          commands,
        }),
      );
    }
    const began = performance.now();
    let done = 0;
    for await (const events of readEvents(store, { ranges: [{ from: 0, to: held.last_seq }] })) {
      const until = events.filter((e) => e.time < span.to);
      for (const rehearsal of rehearsals) await rehearsal.take(until);
      done += until.length;
      out.progress(
        progressBar(done, held.events, `${count(done)} of ${count(held.events)} events`, performance.now() - began),
      );
      if (until.length < events.length) break;
    }
    const ends: Rehearsed[] = [];
    for (const rehearsal of rehearsals) ends.push(await rehearsal.end());
    return ends;
  } finally {
    out.progress(null);
    for (const rehearsal of rehearsals) await rehearsal.close();
  }
}

const noticeJson = (n: Notice): object => ({ kind: "notice", ...n, at: iso(n.at) });

function printJson(out: Out, span: Span, { notices, findings }: Rehearsed, changes: Comparison | null): void {
  for (const n of notices) out.line(JSON.stringify(noticeJson(n)));
  if (changes !== null) {
    for (const n of changes.notices.added) out.line(JSON.stringify({ ...noticeJson(n), change: "added" }));
    for (const n of changes.notices.removed) out.line(JSON.stringify({ ...noticeJson(n), change: "removed" }));
    for (const { before, after } of changes.notices.changed)
      out.line(
        JSON.stringify({
          ...noticeJson(after),
          change: "changed",
          before: { at: iso(before.at), severity: before.severity },
        }),
      );
    for (const [change, list] of [
      ["added", changes.findings.added],
      ["removed", changes.findings.removed],
    ] as const)
      for (const f of list)
        out.line(JSON.stringify({ kind: "finding", change, uid: f.uid, detection: f.detection, severity: f.severity }));
    for (const { finding, before, after } of changes.findings.regraded)
      out.line(
        JSON.stringify({
          kind: "finding",
          change: "regraded",
          uid: finding.uid,
          detection: finding.detection,
          before,
          severity: after,
        }),
      );
  }
  out.line(
    JSON.stringify({
      kind: "summary",
      from: iso(span.from),
      to: iso(span.to),
      notices: notices.length,
      incidents: incidentsOf(notices),
      findings: findings.length,
    }),
  );
}

const incidentsOf = (notices: readonly Notice[]): number => new Set(notices.map((n) => n.incident_uid)).size;

function print(out: Out, span: Span, done: Rehearsed, changes: Comparison | null): void {
  const { notices, findings } = done;
  const days = Math.round((span.to - span.from) / DAY_MS);
  out.line(
    `From ${shortTime(span.from)} to ${shortTime(span.to)} UTC (${days} d): ${count(findings.length)} findings, ${count(notices.length)} messages about ${count(incidentsOf(notices))} incidents. Nobody was told.`,
  );
  if (changes === null) {
    table(
      out,
      notices.map((n) => ["", n]),
    );
    for (const [receiver, n] of perReceiver(notices)) out.line(`${inert(receiver)}: ${count(n)} messages`);
    return;
  }
  const { added, removed, changed } = changes.notices;
  out.line(
    `With the other config ${count(added.length)} messages come, ${count(removed.length)} go, ${count(changed.length)} change; ${count(changes.findings.added.length)} findings come, ${count(changes.findings.removed.length)} go, ${count(changes.findings.regraded.length)} are graded anew.`,
  );
  table(out, [
    ...added.map((n): [string, Notice] => ["+", n]),
    ...removed.map((n): [string, Notice] => ["-", n]),
    ...changed.flatMap(({ before, after }): [string, Notice][] => [
      ["<", before],
      [">", after],
    ]),
  ]);
}

function table(out: Out, rows: readonly [string, Notice][]): void {
  if (rows.length === 0) return;
  printTable(
    out,
    ["", "WHEN (UTC)", "TO", "INCIDENT", "WHAT", "SEVERITY", "KEY", "TITLE"],
    rows
      .slice(0, MAX_LINES)
      .map(([mark, n]) => [
        mark,
        shortTime(n.at),
        `${n.receiver} (${n.channel})`,
        incidentLabel(n.incident_uid),
        n.kinds.filter((k, i) => n.kinds.indexOf(k) === i).join(", "),
        n.severity,
        n.key.slice(0, 24),
        n.title.slice(0, Math.max(30, out.width - 110)),
      ]),
  );
  if (rows.length > MAX_LINES) out.note(`${count(rows.length - MAX_LINES)} more; --json gives all of them.`);
}

function perReceiver(notices: readonly Notice[]): [string, number][] {
  const sums = new Map<string, number>();
  for (const n of notices) sums.set(n.receiver, (sums.get(n.receiver) ?? 0) + 1);
  return [...sums].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}
