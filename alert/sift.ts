import { firstTold, type HeldRow, lastHolds, type PendingRow } from "../schemas/queries/outbox.ts";
import { type Severity, severityId } from "../schemas/severity.ts";
import type { Store } from "../schemas/store/store.ts";
import type { Budget } from "./budget.ts";
import type { Gate } from "./gate.ts";
import { digestAt, groupAt, groupOf, isDigest } from "./group.ts";
import { type About, type Hold, type HoldKind, type HoldStep, holdKinds, holdRow } from "./hold.ts";
import type { Entry, Outbox, Parcel } from "./outbox.ts";

/** Incidents asked about in one query. */
const CHUNK = 500;

export interface SifterParts {
  store: Store;
  outbox: Pick<Outbox, "entries" | "rebundle">;
  gate: Gate;
  budget: Budget;
  /** What has to be known of incidents that were read from the store. */
  abouts(incidents: readonly string[]): Promise<ReadonlyMap<string, About>>;
}

/** Sifted is what of the due parcels leaves now, and what never will. */
export interface Sifted {
  ready: Parcel[];
  withheld: Entry[];
}

/** What is decided about one entry; it takes effect when its row is stored. */
interface Step {
  entry: Entry;
  kind: HoldStep;
  hold: Omit<Hold, "kind">;
  bundle: string;
  about: About | null;
}

/**
 * createSifter decides which of the messages that are due may leave: first what holds each of them back, then the channel's
 * budget, the gravest first. What it decides is stored before it takes effect. Rejects when the store does.
 */
export function createSifter({ store, outbox, gate, budget, abouts }: SifterParts) {
  return async function sift(lane: string, parcels: readonly Parcel[], now: number): Promise<Sifted> {
    const begun = (p: Parcel) => p[0].attempts > 0 || p[0].cleared;
    const ready = parcels.filter(begun);
    const fresh = parcels.filter((p) => !begun(p));
    if (fresh.length === 0) return { ready, withheld: [] };
    await know(fresh.flat());
    const limit = budget.limit(lane);
    const known = new Map(fresh.flat().map((e) => [e, e.about] as const));
    const quiet = fresh.flat().filter((e) => e.about!.over || !e.auto);
    const told = quiet.some((e) => e.hold !== null) || limit !== null ? await toldOf(quiet) : new Map<string, string>();
    const steps: Step[] = [];
    const step = (entry: Entry, kind: HoldStep, hold: Omit<Hold, "kind"> | null, bundle = entry.bundle) => {
      const reason = hold ?? { by: entry.hold?.by ?? "", note: entry.hold?.note ?? "", until: now };
      steps.push({ entry, kind, hold: reason, bundle, about: known.get(entry)! });
    };

    const leaving: Parcel[] = [];
    const released = new Map<string, Entry[]>();
    for (const parcel of fresh) {
      const free: Entry[] = [];
      for (const entry of parcel) {
        const about = entry.about!;
        const hold = about.over || !entry.auto ? null : gate.hold(about, entry, now);
        const freed = entry.hold !== null && entry.hold.kind !== "budget";
        if (hold !== null) step(entry, hold.kind, hold, isDigest(entry.bundle) ? "" : entry.bundle);
        else if (freed && about.over && !told.has(entry.incident_uid)) step(entry, "withheld", null);
        else if (freed && groupOf(entry.bundle) !== null) add(released, groupOf(entry.bundle)!, entry);
        else free.push(entry);
      }
      if (free.length > 0) leaving.push(free as Parcel);
    }
    for (const members of released.values()) leaving.push(members as Parcel);

    let room = limit === null ? Number.POSITIVE_INFINITY : limit - budget.spent(lane, now) - reserved(lane);
    const due = limit === null ? 0 : budget.digestDue(lane, now);
    for (const parcel of limit === null ? leaving : leaving.sort(gravestFirst)) {
      const [first] = parcel;
      const digest = isDigest(first.bundle) && severityOf(parcel) !== "critical";
      const follows = parcel.every((e) => !e.auto && told.has(e.incident_uid) && !isDigest(told.get(e.incident_uid)!));
      const counted = limit !== null && !follows && !(digest && first.hold?.kind === "budget");
      if (counted && room < 1 && severityOf(parcel) !== "critical") {
        const note = `more than ${limit} messages today; told in a digest`;
        for (const entry of parcel) step(entry, "budget", { by: digestAt(due), note, until: due }, digestAt(due));
        continue;
      }
      if (counted) room--;
      for (const entry of parcel) {
        entry.counted = counted;
        const group = groupOf(entry.bundle);
        const bundle = digest
          ? entry.bundle
          : entry.hold === null
            ? entry.bundle
            : group === null
              ? ""
              : groupAt(group, now);
        if (entry.hold !== null) step(entry, "released", null, bundle);
        else if (limit !== null) step(entry, "cleared", null, bundle);
        else ready.push(...(entry === first ? [parcel] : []));
      }
    }

    await store.insert("holds", rowsOf(steps, now));
    const withheld = steps.filter((s) => s.kind === "withheld").map((s) => s.entry);
    return { ready: [...ready, ...settle(steps)], withheld };
  };

  /** settle puts stored decisions into force and gives what leaves, bundles whole. */
  function settle(steps: readonly Step[]): Parcel[] {
    const parcels = new Map<string, Entry[]>();
    for (const { entry, kind, hold, bundle, about } of steps) {
      const before = entry.hold;
      if (isHold(kind)) {
        entry.hold = { kind, ...hold };
        // What happened to it meanwhile is looked at at once.
        entry.next_at = entry.about === about ? hold.until : 0;
      } else entry.hold = null;
      if (!isHold(kind) || kind !== before?.kind || hold.by !== before.by) entry.step++;
      if (bundle !== entry.bundle) outbox.rebundle(entry, bundle);
      if (kind !== "released" && kind !== "cleared") continue;
      entry.cleared = true;
      add(parcels, bundle === "" ? `${entry.incident_uid}\n${entry.n}` : bundle, entry);
    }
    return [...parcels.values()] as Parcel[];
  }

  async function know(entries: readonly Entry[]): Promise<void> {
    const unknown = entries.filter((e) => e.about === null);
    if (unknown.length === 0) return;
    const found = await abouts([...new Set(unknown.map((e) => e.incident_uid))]);
    for (const entry of unknown) entry.about ??= found.get(entry.incident_uid) ?? NOTHING_KNOWN;
  }

  /** toldOf gives the bundle in which the channel was first told of each incident; what it never was told of is not in it. */
  async function toldOf(entries: readonly Entry[]): Promise<Map<string, string>> {
    const told = new Map<string, string>();
    const uids = [...new Set(entries.filter((e) => e.n > 1).map((e) => e.incident_uid))];
    const [first] = entries;
    for (let i = 0; i < uids.length; i += CHUNK) {
      const incidents = uids.slice(i, i + CHUNK);
      const rows = await store.ask(firstTold, { incidents, receiver: first!.receiver, channel: first!.channel });
      for (const row of rows) told.set(row.incident_uid, row.bundle);
    }
    return told;
  }

  /** reserved counts messages that are under way and will use up the budget. */
  function reserved(lane: string): number {
    const messages = new Set<unknown>();
    for (const e of outbox.entries(lane))
      if (e.counted && (e.cleared || e.attempts > 0)) messages.add(e.bundle === "" ? e : e.bundle);
    return messages.size;
  }
}

export type Sift = ReturnType<typeof createSifter>;

/** restoredEntries gives what the store has as pending, with what held it. */
export async function restoredEntries(
  store: Store,
  rows: readonly PendingRow[],
  now: number,
  limited: (e: PendingRow) => boolean,
): Promise<Entry[]> {
  const keyOf = (e: Pick<HeldRow, "incident_uid" | "receiver" | "channel" | "n">) =>
    `${e.incident_uid}\n${e.receiver}\n${e.channel}\n${e.n}`;
  const holds = rows.length === 0 ? [] : await store.ask(lastHolds, {});
  const last = new Map(holds.map((h) => [keyOf(h), h]));
  return rows.map((row) => {
    const auto = row.auto === 1;
    const base = { ...row, auto, about: null, counted: auto, holds: 0, sending: false };
    const held = last.get(keyOf(row));
    // Without a record it may have left before the end, unless a limit has every message noted before it leaves.
    if (held === undefined) return { ...base, hold: null, step: 0, cleared: row.due <= now && !limited(row) };
    const { kind, held_by: by, note, until, bundle, step } = held;
    if (!isHold(kind)) return { ...base, bundle, hold: null, step: step + 1, cleared: true };
    return {
      ...base,
      bundle,
      hold: { kind, by, note, until },
      step: step + 1,
      cleared: false,
      next_at: kind === "budget" ? until : 0,
    };
  });
}

const isHold = (kind: string): kind is HoldKind => (holdKinds as readonly string[]).includes(kind);

/** Only changes are rows: what is still held by the same is known. */
const rowsOf = (steps: readonly Step[], now: number): object[] =>
  steps
    .filter(({ entry, kind, hold }) => entry.hold?.kind !== kind || entry.hold.by !== hold.by)
    .map(({ entry, kind, hold, bundle }) => holdRow(entry, kind, now, hold, bundle));

const severityOf = (parcel: readonly Entry[]): Severity =>
  parcel.map((e) => e.about!.severity).reduce((a, b) => (severityId(b) > severityId(a) ? b : a));
const gravestFirst = (a: Parcel, b: Parcel): number =>
  severityId(severityOf(b)) - severityId(severityOf(a)) || a[0].due - b[0].due;

/** An incident that the store has lost; nothing can hold it. */
const NOTHING_KNOWN: About = { labels: {}, severity: "medium", over: false };

function add<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
