import { type GroupState, type Look, lookAtBrokers, openLook, type TopicState } from "../../ingest/kafka/look.ts";
import { topicsOf } from "../../ingest/kafka/topics.ts";
import type { Config, KafkaSource } from "../../schemas/config.ts";
import type { KafkaConfig } from "../../schemas/config_kafka.ts";
import { count, plural } from "../out.ts";
import { bad, type Line, ok, orBad, warn } from "./line.ts";

/** Messages that wait beyond this are worth a look, as in the alert KeywatchBehind. */
const MUCH = 100_000;
const MANY_COPIES = 3;

/** kafkaLines looks at brokers, topics and roles of an installation over Kafka; nothing is written, and nobody is waited for long. */
export async function kafkaLines(config: Config, brokers: KafkaConfig): Promise<Line[]> {
  const states = await lookAtBrokers(brokers);
  const answering = states.filter((s) => s.fault === null).map((s) => s.address);
  const lines = states.map(({ address, ms, fault }) => {
    const check = `kafka broker ${address}`;
    if (fault === null) return ok(check, `answers in ${count(ms)} ms`);
    const mend = "look whether it runs, and at kafka.brokers, kafka.tls and kafka.sasl";
    const says = `does not answer: ${fault}`;
    return answering.length === 0 ? bad(check, says, mend) : warn(check, says, mend);
  });
  if (answering.length === 0) return lines;
  const beyond = "look at the brokers' advertised.listeners: these addresses have to be reached too";
  const asked = await orBad("kafka cluster", beyond, async () => {
    const look = await openLook({ ...brokers, brokers: answering });
    try {
      return await withLook(look, config, brokers);
    } finally {
      void look.close().catch(() => undefined);
    }
  });
  return [...lines, ...asked];
}

async function withLook(look: Look, config: Config, brokers: KafkaConfig): Promise<Line[]> {
  const cluster = await look.cluster();
  const rights = "look whether this account may describe topics and groups";
  return [
    ok("kafka cluster", `${plural(cluster.brokers, "broker")}, the controller is ${cluster.controller ?? "not known"}`),
    ...(await orBad("kafka topics", rights, () => topicLines(look, config, brokers))),
    ...(await orBad("kafka roles", rights, () => roleLines(look, config, brokers))),
  ];
}

const rawTopicsOf = (config: Config): string[] =>
  config.sources.filter((s): s is KafkaSource => s.kind === "kafka").map((s) => s.topic);

async function topicLines(look: Look, config: Config, { prefix }: KafkaConfig): Promise<Line[]> {
  const { events, deadLetter, ...single } = topicsOf(prefix);
  const ours = [events, deadLetter, ...Object.values(single)];
  const raw = rawTopicsOf(config);
  const there = new Map((await look.topics([...new Set([...ours, ...raw])])).map((t) => [t.name, t]));
  return [...ours, ...raw].map((name) => {
    const check = `kafka topic ${name}`;
    const own = ours.includes(name);
    const topic = there.get(name);
    if (topic === undefined)
      return bad(
        check,
        "is not there, or this account may not see it",
        own ? "`keywatch topics create` makes it" : "make it, or mend its name under `sources`",
      );
    if (Object.values(single).includes(name) && topic.partitions > 1)
      return bad(
        check,
        `${topic.partitions} partitions where one is needed`,
        "delete it, and `keywatch topics create`",
      );
    return copiesLine(check, topic, own);
  });
}

/** How safe what lies in a topic is. A topic of the user's own is theirs to judge, as long as it can be read. */
function copiesLine(check: string, { partitions, copies, inSync, minInSync }: TopicState, own: boolean): Line {
  const says = `${plural(partitions, "partition")}, ${copies === 1 ? "1 copy" : `${copies} copies`} of each, min.insync.replicas ${minInSync ?? "not known"}`;
  const fewer = `${says}, of which ${inSync} in step`;
  if (inSync === 0) return bad(check, fewer, "a partition has no broker that leads it: bring the brokers back");
  if (own && minInSync !== null && inSync < minInSync)
    return bad(check, fewer, "nothing can be written now: bring the brokers back");
  if (inSync < copies) return warn(check, fewer, "a broker is away or slow: bring it back");
  if (!own) return ok(check, says);
  if (copies === 1)
    return warn(check, says, "a broker that is lost takes it along: give it 3 copies (kafka-reassign-partitions)");
  if (copies >= MANY_COPIES && minInSync === 1)
    return warn(check, says, "set min.insync.replicas to 2, or what was acknowledged may lie on one broker only");
  return ok(check, says);
}

interface RoleSeen {
  role: string;
  /** Groups with what they read; the first one tells who works. */
  groups: [string, string[]][];
  unless: string;
}

async function roleLines(look: Look, config: Config, { client_id, prefix }: KafkaConfig): Promise<Line[]> {
  const topics = topicsOf(prefix);
  const there = new Set((await look.topics([...Object.values(topics), ...rawTopicsOf(config)])).map((t) => t.name));
  const roles: RoleSeen[] = [
    { role: "ingest", groups: [["ingest", rawTopicsOf(config)]], unless: "nobody reads your topics" },
    {
      role: "detect",
      groups: [
        ["detect", [topics.events]],
        ["signals", [topics.signals]],
        ["dead_letter", [topics.deadLetter]],
      ],
      unless: "nobody judges",
    },
    { role: "alert", groups: [["alert", [topics.findings, topics.commands]]], unless: "nobody is told of anything" },
  ];
  const lines: Line[] = [];
  for (const { role, groups, unless } of roles) {
    const reads = groups.flatMap(([, names]) => names).filter((name) => there.has(name));
    if (reads.length === 0) continue;
    const states = await Promise.all(
      groups.map(([group, names]) =>
        look.group(
          `${client_id}.${group}`,
          names.filter((name) => there.has(name)),
        ),
      ),
    );
    lines.push(roleLine(role, states, unless));
  }
  return lines;
}

function roleLine(role: string, states: readonly GroupState[], unless: string): Line {
  const check = `kafka role ${role}`;
  const { members, working } = states[0]!;
  const behind = states.flatMap((s) => [...s.behind]);
  const waits = behind.map(([topic, n], i) => `${topic}: ${count(n)}${i === 0 ? " messages wait" : ""}`).join(", ");
  if (members === 0)
    return bad(check, `no process, so ${unless}; ${waits}`, `start one: keywatch serve --roles ${role}`);
  const who = `${plural(members, "process", "processes")}${role === "alert" ? `, of which ${working} is active` : ""}`;
  const says = `${who}; ${waits}`;
  if (working === 0) return warn(check, says, "they are about to share the partitions; look again in half a minute");
  if (behind.some(([, n]) => n > MUCH)) return warn(check, says, "start more of them, or look what holds them up");
  return ok(check, says);
}
