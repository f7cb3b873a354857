import { incidentsOf } from "../../alert/incident.ts";
import { renderIncident } from "../../alert/render_console.ts";
import type { DetectEvent } from "../../detect/detection.ts";
import { createInventoryIndex } from "../../detect/inventory_index.ts";
import { type ApiActivity, byEventTime } from "../../schemas/activity.ts";
import { type Finding, inEventOrder } from "../../schemas/finding.ts";
import type { Incident } from "../../schemas/incident.ts";
import { emptyInventory } from "../../schemas/inventory.ts";
import { ocsfFinding } from "../../schemas/ocsf/finding.ts";
import { atLeast, type Severity, severities } from "../../schemas/severity.ts";
import { findingLine, incidentLine } from "../../schemas/wire.ts";
import { type Loaded, loadInventory } from "../load_config.ts";
import { CommandFault, count, type Out, plural } from "../out.ts";
import { detectionEngine, ingestParts, pepperAtHand } from "../parts.ts";
import { readFiles } from "../read_files.ts";

export interface ScanOptions {
  paths: string[];
  provider: string;
  inventory: string | null;
  format: "table" | "ndjson" | "ocsf";
  minSeverity: Severity;
  failOn: Severity | null;
}

/** Events that are kept in memory; more belong into a store. About 1 KB each. */
const MAX_EVENTS = 3_000_000;
const CHUNK = 50_000;

/** scan reads logs, judges them in event-time order and prints incidents; nothing is stored. Gives the exit code. */
export async function scan(loaded: Loaded, options: ScanOptions, out: Out, now: () => number): Promise<number> {
  const parts = await ingestParts(loaded.config, { pepper: pepperAtHand(loaded.config) });
  const file = options.inventory ?? loaded.config.inventory;
  const declared = file === null ? emptyInventory : loadInventory(file, loaded.config);
  const versions = file === null ? [] : [{ effective_at: 0, inventory: declared }];
  const { config } = loaded;
  const engine = detectionEngine(config, parts, createInventoryIndex(versions, parts.fingerprint));
  const read = await readAll(parts, options, out, now);
  const findings = judge(engine, read.events, now());
  const shownFindings = findings.filter((f) => atLeast(f.severity, options.minSeverity));
  const incidents = incidentsOf(findings).filter((i) => atLeast(i.severity, options.minSeverity));
  print(options.format, shownFindings, incidents, out);
  if (options.format === "table") summary(read, findings, incidents, out);
  else tellLosses(read, out);
  if (isUnread(read)) {
    if (options.format !== "table") out.note(UNREAD);
    return 1;
  }
  const worst = [...findings, ...incidents].some((f) => options.failOn !== null && atLeast(f.severity, options.failOn));
  return worst ? 3 : 0;
}

interface Read {
  events: DetectEvent[];
  records: number;
  duplicates: number;
  letters: Map<string, number>;
  /** Files that could not be opened. */
  unread: number;
  dropped: number;
  keys: number;
  from: number;
  to: number;
}

async function readAll(
  parts: Parameters<typeof readFiles>[0],
  options: ScanOptions,
  out: Out,
  now: () => number,
): Promise<Read> {
  const read: Read = {
    events: [],
    records: 0,
    duplicates: 0,
    letters: new Map(),
    unread: 0,
    dropped: 0,
    keys: 0,
    from: Number.MAX_SAFE_INTEGER,
    to: 0,
  };
  const seen = new Set<string>();
  const keys = new Set<string>();
  const { paths, provider } = options;
  const onUnread = () => {
    read.unread++;
  };
  for await (const { yielded } of readFiles(parts, { paths, provider, out, now, onUnread })) {
    read.records += yielded.records;
    for (const letter of yielded.letters) read.letters.set(letter.reason, (read.letters.get(letter.reason) ?? 0) + 1);
    for (const n of yielded.dropped.values()) read.dropped += n;
    for (const event of yielded.events) keep(event);
    if (read.events.length > MAX_EVENTS) {
      throw new CommandFault(
        `More than ${count(MAX_EVENTS)} events: use \`keywatch ingest\` and \`keywatch incidents list\`, which need no more memory for more logs.`,
      );
    }
  }
  read.keys = keys.size;
  return read;

  function keep(event: ApiActivity): void {
    const identity = `${event.event_uid}\u0000${event.time}\u0000${event.principal_uid}`;
    const before = seen.size;
    if (seen.add(identity).size === before) {
      read.duplicates++;
      return;
    }
    if (event.key_uid !== null) keys.add(event.key_uid);
    read.from = Math.min(read.from, event.time);
    read.to = Math.max(read.to, event.time);
    event.raw = "";
    read.events.push(event);
  }
}

function judge(engine: ReturnType<typeof detectionEngine>, events: DetectEvent[], now: number): Finding[] {
  events.sort(byEventTime);
  const found = new Map<string, Finding>();
  for (let i = 0; i < events.length; i += CHUNK) {
    for (const f of engine.process(events.slice(i, i + CHUNK), { sorted: true, now })) found.set(f.uid, f);
  }
  for (const f of engine.finish()) found.set(f.uid, f);
  return inEventOrder([...found.values()]);
}

function print(format: ScanOptions["format"], findings: Finding[], incidents: Incident[], out: Out): void {
  if (format === "ocsf") for (const finding of findings) out.line(JSON.stringify(ocsfFinding(finding)));
  if (format === "ndjson") {
    for (const finding of findings) out.line(JSON.stringify(findingLine(finding)));
    for (const incident of incidents) out.line(JSON.stringify(incidentLine(incident)));
  }
  if (format === "table")
    for (const incident of incidents)
      out.line(`${renderIncident(incident, { colour: out.color, width: out.width })}\n`);
}

function summary(read: Read, findings: Finding[], incidents: Incident[], out: Out): void {
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 16).replace("T", " ");
  const span = read.events.length === 0 ? "" : `, ${day(read.from)} to ${day(read.to)} UTC`;
  out.line(
    `Read ${plural(read.records, "record")}: ${plural(read.events.length, "event")} of ${plural(read.keys, "key")}${span}.`,
  );
  const levels = [...severities].reverse().map((s) => [s, incidents.filter((i) => i.severity === s).length] as const);
  const told = levels.filter(([, n]) => n > 0).map(([s, n]) => `${n} ${s}`);
  out.line(
    incidents.length === 0
      ? quiet(read, findings)
      : `${plural(incidents.length, "incident")} (${told.join(", ")}) out of ${plural(findings.length, "finding")}.`,
  );
  tellLosses(read, out);
  if (read.events.length > 0 && read.to - read.from < 7 * 86_400_000) {
    out.note("Less than 7 days of history: habits are not learned yet, so only what needs no learning speaks.");
  }
}

const UNREAD = "Nothing could be read, so nothing was judged.";

/** isUnread tells an input that held something and gave no call. */
const isUnread = ({ events, letters, unread }: Read): boolean =>
  events.length === 0 && (letters.size > 0 || unread > 0);

function quiet(read: Read, findings: Finding[]): string {
  if (isUnread(read)) return UNREAD;
  if (read.events.length === 0) return "No incidents. There was no call to judge.";
  return `No incidents. ${findings.length === 0 ? "Nothing was odd" : `${count(findings.length)} weak signals stay below an incident; --format ndjson lists them`}.`;
}

function tellLosses(read: Read, out: Out): void {
  if (read.duplicates > 0) out.note(`${count(read.duplicates)} records stood there twice and were counted once.`);
  if (read.dropped > 0)
    out.note(`${count(read.dropped)} records hold no call (digests, insights) and were passed over.`);
  for (const [reason, n] of [...read.letters].sort((a, b) => b[1] - a[1]))
    out.note(`${count(n)} records could not be read: ${reason}.`);
}
