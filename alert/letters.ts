import type { Transition } from "../schemas/incident.ts";
import { firstReceipt, groupReceipt } from "../schemas/queries/outbox.ts";
import { transitionsOf } from "../schemas/queries/transitions.ts";
import { type Severity, severityId } from "../schemas/severity.ts";
import type { Store } from "../schemas/store/store.ts";
import { uuid5 } from "../schemas/uid.ts";
import { composeSum, TOLD_EACH } from "./bundle.ts";
import { groupOf, isDigest } from "./group.ts";
import { beatMessage, isBeat } from "./heartbeat.ts";
import { toTransition } from "./ledger.ts";
import type { Entry, Parcel } from "./outbox.ts";
import { compose, type Message } from "./template.ts";

const MAX_RECEIPTS = 10_000;
const MAX_RECENT = 2_000;

/** Letters makes the message of a parcel: what the log says of it, and what the channel answered to the first one. */
export interface Letters {
  /** Keeps stored transitions at hand, so that a message that leaves soon needs no question to the store. */
  remember(transitions: readonly Transition[]): void;
  messageOf(parcel: Parcel): Promise<Message>;
  /** Keeps what the channel answered. */
  answered(parcel: Parcel, message: Message, receipt: string): void;
}

export function createLetters(store: Store, externalUrl: () => string | null): Letters {
  const receipts = new Map<string, string>();
  const recent = new Map<string, Transition>();

  async function lines({
    subject_uid: subject,
    incident_uid: incident,
    n: from,
    last_n: to,
  }: Entry): Promise<Transition[]> {
    let transitions: Transition[] = [];
    for (let n = from; n <= to; n++) {
      const line = recent.get(`${incident}/${n}`);
      if (line) transitions.push(line);
    }
    if (transitions.length <= to - from)
      transitions = (await store.ask(transitionsOf, { subject, incident, from, to })).map(toTransition);
    if (transitions.length === 0) throw new Error(`no transition ${from} of incident ${incident}`);
    return transitions;
  }

  async function rootOf(entry: Entry): Promise<Message["root"]> {
    const { incident_uid: incident, receiver, channel, n: before } = entry;
    if (before === 1) return null;
    const known = receipts.get(keyOf(entry, incident));
    if (known !== undefined) return { receipt: known };
    const [row] = await store.ask(firstReceipt, { incident, receiver, channel, before });
    return row ?? null;
  }

  async function groupRootOf({ receiver, channel }: Entry, group: string): Promise<Message["root"]> {
    const known = receipts.get(keyOf({ receiver, channel }, group));
    if (known !== undefined) return { receipt: known };
    const [row] = await store.ask(groupReceipt, { group: `${group}@`, receiver, channel });
    return row ?? null;
  }

  async function sumOf(parcel: Parcel, group: string | null): Promise<Message> {
    const [first] = parcel;
    const counts = new Map<Severity, number>();
    const severityOf = (e: Entry): Severity => e.about?.severity ?? "medium";
    for (const entry of parcel) counts.set(severityOf(entry), (counts.get(severityOf(entry)) ?? 0) + 1);
    const gravest = [...parcel]
      .sort((a, b) => severityId(severityOf(b)) - severityId(severityOf(a)) || a.due - b.due || a.n - b.n)
      .slice(0, TOLD_EACH);
    const told: Transition[][] = [];
    for (const entry of gravest) told.push(await lines(entry));
    return composeSum({
      ...{ kind: group === null ? "digest" : "group", id: messageId(first), counts, told, externalUrl: externalUrl() },
      groupUid: group ?? uuid5("digest", first.receiver, first.channel, first.bundle),
      root: group === null ? null : await groupRootOf(first, group),
      at: Number(first.bundle.slice(first.bundle.indexOf("@") + 1)),
      over: parcel.every((e) => e.about?.over ?? false),
    });
  }

  return {
    remember(transitions) {
      for (const t of transitions) keep(recent, `${t.incident_uid}/${t.n}`, t, MAX_RECENT);
    },
    async messageOf(parcel) {
      const [first] = parcel;
      const id = messageId(first);
      if (isBeat(first)) return beatMessage(first, id, externalUrl());
      const group = groupOf(first.bundle);
      if (isDigest(first.bundle)) return await sumOf(parcel, null);
      if (group === null)
        return compose(await lines(first), { id, externalUrl: externalUrl(), root: await rootOf(first) });
      // The first incident of a group, while it is the only one, is told as itself.
      if (parcel.length > 1 || (await groupRootOf(first, group)) !== null) return await sumOf(parcel, group);
      return compose(await lines(first), { id, externalUrl: externalUrl(), root: null });
    },
    answered(parcel, message, receipt) {
      const answer = message.root?.receipt ?? receipt;
      const group = groupOf(parcel[0].bundle);
      if (group !== null) keep(receipts, keyOf(parcel[0], group), answer, MAX_RECEIPTS);
      else if (!isDigest(parcel[0].bundle))
        keep(receipts, keyOf(parcel[0], parcel[0].incident_uid), answer, MAX_RECEIPTS);
    },
  };
}

/** messageId is the idempotency key: it depends on who hears what, and not on the attempt. */
export const messageId = (e: Pick<Entry, "receiver" | "channel" | "incident_uid" | "n" | "bundle">): string =>
  e.bundle === ""
    ? `msg_${uuid5("message", e.receiver, e.channel, e.incident_uid, e.n)}`
    : `msg_${uuid5("bundle", e.receiver, e.channel, e.bundle)}`;

/** keep puts a value into a bounded map; the oldest leaves. */
function keep<V>(map: Map<string, V>, key: string, value: V, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > max) map.delete(map.keys().next().value!);
}

const keyOf = (e: { receiver: string; channel: string }, what: string): string =>
  `${what}\n${e.receiver}\n${e.channel}`;
