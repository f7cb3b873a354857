import type { Config } from "../schemas/config.ts";
import { type Incident, incidentUid, type Transition } from "../schemas/incident.ts";
import type { SendResult, Surroundings } from "./channel.ts";
import { openChannels } from "./open_channels.ts";
import { kindOf } from "./targets.ts";
import { compose, type Message } from "./template.ts";

export interface Tried {
  /** Kind of the channel. */
  channel: string;
  step: "opened" | "resolved";
  result: SendResult;
  tookMs: number;
}

const GIVE_UP_MS = 30_000;

/**
 * tryReceiver sends a test incident to every channel of a receiver, and resolves it again, so that nothing stays open in a
 * tool that keeps alerts. Each is tried once; the outbox and the store know nothing of it.
 */
export async function tryReceiver(
  receiver: Config["receivers"][number],
  world: { now(): number; output: Surroundings["output"]; externalUrl: string | null },
  tell: (tried: Tried) => void,
): Promise<boolean> {
  const channels = await openChannels([receiver], world);
  let fine = true;
  try {
    for (const [i, [lane, channel]] of [...channels].entries()) {
      const name = kindOf(lane.slice(lane.indexOf("\n") + 1));
      const send = async (step: Tried["step"], root: Message["root"]) => {
        const message = testMessage(step, `${receiver.name} ${i}`, startedAt, world, root);
        const begun = world.now();
        const result = await channel.send(message, AbortSignal.timeout(GIVE_UP_MS));
        tell({ channel: name, step, result, tookMs: Math.max(0, world.now() - begun) });
        fine &&= result.kind === "ok";
        return result;
      };
      const startedAt = world.now();
      const opened = await send("opened", null);
      if (opened.kind === "ok" && receiver.channels[i]?.send_resolved)
        await send("resolved", { receipt: opened.receipt });
    }
  } finally {
    for (const channel of channels.values()) channel.close?.();
  }
  return fine;
}

function testMessage(
  step: Tried["step"],
  name: string,
  startedAt: number,
  world: { now(): number; externalUrl: string | null },
  root: Message["root"],
): Message {
  const opened = step === "opened";
  const at = Math.max(startedAt, world.now());
  const state = { ...testIncident(incidentUid(`test of ${name} at ${startedAt}`), startedAt), updated_at: at };
  const note = opened ? "" : "the test is over";
  const n = opened ? 1 : 2;
  const line: Transition = {
    ...{ incident_uid: state.uid, n, kind: step, at, actor: "keywatch", command_id: "", note },
    state: { ...state, n, status: opened ? "open" : "resolved", verdict: opened ? null : "expected" },
  };
  const id = `msg_test_${state.uid}_${n}`;
  return compose([line], { id, externalUrl: world.externalUrl, root, test: true });
}

/** The lowest severity that all tools show; a test must not look like something bad. */
const testIncident = (uid: string, at: number): Incident => ({
  ...{ uid, subject_uid: "keywatch:test", key_uid: null, key_hint: null, key_name: "test-key" },
  ...{ principal_uid: "keywatch:test", principal: "test", owner: null, environment: null, provider: "keywatch" },
  ...{ account: null, tags: ["test"], members: [], title: "Test of this channel: nothing has happened" },
  ...{ severity: "low", risk: 0, status: "open", verdict: null, assignee: null, merged_into: null },
  ...{ first_seen: at, last_seen: at, opened_at: at, updated_at: at, finding_uids: [], detections: ["test"] },
  reasons: ["Somebody ran `keywatch channels test`."],
  runbook: ["Nothing. If you did not expect this, ask who runs keywatch."],
  event_count: 0,
  n: 1,
});
