import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { incidentsOf } from "../../alert/incident.ts";
import { compose, type Message } from "../../alert/template.ts";
import { type Config, type ConfigText, config } from "../../schemas/config.ts";
import { type Finding, findingUid } from "../../schemas/finding.ts";
import type { Incident, Transition, TransitionKind } from "../../schemas/incident.ts";
import { connectEmbedded } from "../../schemas/store/connect.ts";
import { migrate } from "../../schemas/store/migrate.ts";
import type { Store } from "../../schemas/store/store.ts";

export const T0 = Date.UTC(2026, 2, 1, 3, 12, 9);
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

/** A finding as a detection would give it; what matters to a test is overridden. */
export function finding(change: Partial<Finding> = {}): Finding {
  const { detection = "new_source", subject_uid = "aws_cloudtrail:f00d", dimension = "src.ip" } = change;
  const first = change.first_seen ?? T0;
  const bucket = change.bucket ?? Math.floor(first / DAY) * DAY;
  return {
    uid: findingUid(detection, 1, subject_uid, dimension, bucket),
    detection,
    detection_version: 1,
    kind: "baseline",
    severity: "medium",
    title: "Key used from a place it never used before",
    provider: "aws_cloudtrail",
    account: "111122223333",
    subject_uid,
    principal_uid: "arn:aws:iam::111122223333:user/billing",
    principal: "billing",
    key_uid: subject_uid,
    key_hint: "AKIA…MPLE",
    key_name: "billing-report-bot",
    owner: "team-finance",
    environment: "production",
    tags: ["pci"],
    dimension,
    bucket,
    first_seen: first,
    last_seen: first,
    reasons: [`${detection}: 203.0.113.9 in DE was never seen in 92 days of history`],
    runbook: ["Ask team-finance whether the bot moved.", "If not, disable AKIA…MPLE in IAM and rotate it."],
    quiet_if: [],
    attacks: ["attack.t1078.004"],
    event_uids: ["e1"],
    event_count: 1,
    anomaly: {
      parameter: "src.ip",
      observed: "203.0.113.9",
      expected: null,
      p: 0.001,
      history: { days: 92, events: 4000 },
      facts: { country: "DE", as_org: "Example Net" },
    },
    risk: 0.3,
    learning: false,
    late: false,
    version: 1,
    ...change,
  };
}

export const weak = (detection: string, change: Partial<Finding> = {}): Finding =>
  finding({ detection, severity: "low", risk: 0.1, ...change });

/** A message of an incident: its opening, or for a higher n an acknowledgement by ann. */
export function messageOf(
  change: { n?: number; root?: Message["root"]; finding?: Partial<Finding>; note?: string; actor?: string } = {},
): Message {
  const { n = 1, root = null, note = "", actor = n === 1 ? "keywatch" : "ann" } = change;
  const opening = incidentsOf([finding(change.finding)])[0]!;
  const state = { ...opening, n, status: n === 1 ? opening.status : ("acknowledged" as const) };
  const kind = n === 1 ? ("opened" as const) : ("acknowledged" as const);
  const line = { incident_uid: state.uid, n, kind, at: T0, actor, command_id: "", note, state };
  return compose([line], { id: `msg_${n}`, externalUrl: "http://127.0.0.1:8686", root });
}

/** storyOf composes a message of these transitions, in this order; the last one decides the status. */
export function storyOf(
  kinds: readonly TransitionKind[],
  change: { root?: Message["root"]; state?: Partial<Incident>; from?: number; note?: string; actor?: string } = {},
): Message {
  const { root = null, from = 1, note = "", actor = "ann" } = change;
  const opening = incidentsOf([finding()])[0]!;
  let status: Incident["status"] = change.state?.status ?? "open";
  const lines = kinds.map((kind, i): Transition => {
    status = STATUS[kind] ?? status;
    const state = { ...opening, ...change.state, status, n: from + i };
    return { incident_uid: state.uid, n: from + i, kind, at: T0 + i * MINUTE, actor, command_id: "", note, state };
  });
  return compose(lines, { id: `msg_${from}`, externalUrl: "http://127.0.0.1:8686", root });
}

const STATUS: Partial<Record<TransitionKind, Incident["status"]>> = {
  opened: "open",
  acknowledged: "acknowledged",
  resolved: "resolved",
  reopened: "reopened",
  merged: "merged_into",
};

/** Text of logs as an attacker would write it, for every place of a finding that shows text. */
export const HOSTILE = [
  "\u001b[2J\r\nX-Evil: y\r\n\r\n\u202e\u200b",
  "<!channel> <@U1> <at>everyone</at> @here",
  '<script>alert(1)</script><img src="http://203.0.113.9/x">',
  "[click](http://203.0.113.9/) **bold** {{DATE(2026-01-01T00:00:00Z)}} \u0024{evil}",
  '=HYPERLINK("http://203.0.113.9/","x")',
].join(" ");
export const hostileFinding = (): Partial<Finding> => {
  const long = `${HOSTILE} ${"A".repeat(1_000_000)}`;
  return {
    ...{ title: long, key_name: long, key_hint: long, principal: long, owner: long, environment: long, account: long },
    ...{ reasons: [long, long, long], runbook: [long, long], tags: [long, "a,b"], provider: long },
  };
};

/** configOf reads a config as people write it. */
export const configOf = (text: ConfigText): Config => config.parse(text);

/** A clock that only the test moves. */
export function fakeClock(start = T0) {
  let at = start;
  return {
    now: () => at,
    move(ms: number) {
      at += ms;
    },
  };
}

/** openStore gives the real embedded engine in a folder of its own, with the real schema. */
export async function openStore(folder = mkdtempSync(join(tmpdir(), "keywatch-alert-"))): Promise<{
  store: Store;
  folder: string;
  close(): Promise<void>;
}> {
  const store = await connectEmbedded(folder);
  await migrate(store, configOf({}));
  return {
    store,
    folder,
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** wipe empties the tables of alerting, so that one engine serves a whole file of tests. */
export async function wipe(store: Store): Promise<void> {
  for (const table of ["transitions", "incidents", "held_findings", "messages", "deliveries", "silences", "holds"]) {
    await store.command(`TRUNCATE TABLE ${table}`);
  }
}

/** until waits for something that other processes or sockets bring about. */
export async function until(what: () => boolean, ms = 20_000): Promise<void> {
  const end = Date.now() + ms;
  while (!what()) {
    if (Date.now() > end) throw new Error("It did not happen in time.");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
