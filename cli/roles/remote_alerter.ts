import type { Alerter } from "../../alert/alerter.ts";
import { applyCommand } from "../../alert/command.ts";
import { toTransition } from "../../alert/ledger.ts";
import { findIncident, listIncidents, requireIncident } from "../../alert/lookup.ts";
import { expiredBy, listSilences, requireSilence, silenceOf } from "../../alert/silence.ts";
import type { Outgoing } from "../../ingest/kafka/produce.ts";
import type { Command, Transition } from "../../schemas/incident.ts";
import { partsOfMessage } from "../../schemas/queries/deliveries.ts";
import { transitionsOf } from "../../schemas/queries/transitions.ts";
import type { ReplayCommand } from "../../schemas/replay.ts";
import { type Silence, type SilenceCommand, silenceState } from "../../schemas/silence.ts";
import type { Store } from "../../schemas/store/store.ts";
import { CommandFault } from "../out.ts";

export interface RemoteAlerterParts {
  store: Store;
  topic: string;
  now: () => number;
  send(messages: readonly Outgoing[]): Promise<void>;
}

const ANSWER_MS = 15_000;
const LOOK_MS = 200;

/** createRemoteAlerter reads incidents from the store and hands what people do to the process that alerts, by the commands topic. */
export function createRemoteAlerter({ store, topic, now, send }: RemoteAlerterParts): Alerter {
  const transitions = async (name: string): Promise<Transition[]> => {
    const { uid: incident, subject_uid: subject } = await requireIncident(store, name);
    return (await store.ask(transitionsOf, { subject, incident, from: 0, to: 2 ** 31 })).map(toTransition);
  };

  async function command(wanted: Command): Promise<Transition | null> {
    // What cannot be done, or is done already, is told at once: the same rule decides there.
    const incident = await requireIncident(store, wanted.incident_uid);
    if (applyCommand(incident, wanted) === null) return null;
    const order = { ...wanted, incident_uid: incident.uid };
    return await ordered(order, incident.uid, async () =>
      (await transitions(incident.uid)).find((t) => t.command_id === wanted.id),
    );
  }

  async function silence(wanted: SilenceCommand): Promise<Silence | null> {
    const adds = wanted.kind === "silence_add";
    const silence = adds ? silenceOf(wanted, now()) : await requireSilence(store, wanted.uid);
    if (!adds && expiredBy(silence, wanted, now()) === null) return null;
    const { uid } = silence;
    return await ordered(adds ? wanted : { ...wanted, uid }, uid, async () =>
      (await listSilences(store)).find((s) => s.uid === uid && (adds || silenceState(s, now()) === "expired")),
    );
  }

  async function replay(wanted: ReplayCommand): Promise<number> {
    const parts = await store.ask(partsOfMessage, { id: wanted.message_id });
    const failed = parts.filter((p) => p.status === "failed").length;
    if (failed === 0) return 0;
    return await ordered(wanted, wanted.message_id, async () => {
      const now = await store.ask(partsOfMessage, { id: wanted.message_id });
      return now.some((p) => p.status === "failed" && p.attempts <= parts[0]!.attempts) ? undefined : failed;
    });
  }

  /** ordered puts what somebody wants into the topic and waits until it is seen done. */
  async function ordered<T>(order: object, key: string, done: () => Promise<T | undefined>): Promise<T> {
    await send([{ topic, partition: 0, key, value: JSON.stringify(order) }]);
    for (const end = now() + ANSWER_MS; now() < end; ) {
      const seen = await done();
      if (seen !== undefined) return seen;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    throw new CommandFault(
      `The command waits in ${topic}, and nobody did it within ${ANSWER_MS / 1000} s. Look whether a process with the role alert runs; it will do it when it is back.`,
    );
  }

  const elsewhere = async (): Promise<void> => undefined;
  return {
    apply: () => Promise.reject(new Error("Findings are applied by the process with the role alert.")),
    command,
    silence,
    replay,
    silences: ({ all = false } = {}) => (all ? listSilences(store) : listSilences(store, now())),
    list: (filter) => listIncidents(store, filter),
    get: (name) => findIncident(store, name),
    transitions,
    reconfigure: elsewhere,
    forget: elsewhere,
    check: async () => [],
    queue: () => ({ size: 0, oldestDue: null }),
    tick: elsewhere,
    start: () => undefined,
    stop: elsewhere,
    idle: elsewhere,
  };
}
