import { type Alerter, createAlerter } from "../../alert/alerter.ts";
import { claimLedger, type Ledger } from "../../detect/ledger.ts";
import { type Assignment, joinGroup, type Message } from "../../ingest/kafka/consume.ts";
import type { Finding } from "../../schemas/finding.ts";
import { command } from "../../schemas/incident.ts";
import { replayCommand } from "../../schemas/replay.ts";
import { silenceCommand } from "../../schemas/silence.ts";
import type { Store } from "../../schemas/store/store.ts";
import { ownersIn } from "../answering.ts";
import type { AppOptions } from "../app.ts";
import { type Hub, patiently, type Role } from "./hub.ts";
import { createPast } from "./past.ts";
import { tellGap } from "./place.ts";
import { KIND, PAST } from "./publish.ts";

/** How long a look at the claims of others holds, ms. */
const SURE_MS = 1_000;

/**
 * startAlert stands for the one alerter. Findings and commands have one partition each, and the group gives both to the member that is
 * there the longest: it numbers transitions and sends messages, the others wait for it to go.
 */
export async function startAlert(hub: Hub, output?: AppOptions["output"]): Promise<Role> {
  const { kafka, brokers, topics, log } = hub;
  let active: { number: number; making: Promise<Active>; made: Active | null; users: number } | null = null;

  async function activate(assignment: Assignment): Promise<Active> {
    const claim = { log: topics.findings, assignment: assignment.number, owner: hub.owner };
    const ledger = await claimLedger(hub.store, claim, hub.now);
    const alerter = await createAlerter({
      store: fenced(hub.store, ledger),
      config: hub.config,
      links: hub.links,
      ownerOf: ownersIn(hub.store),
      now: hub.now,
      metrics: hub.metrics,
      log: (level, sentence, facts) => log[level](facts, sentence),
      ...(output ? { output } : {}),
    });
    alerter.start();
    log.info({ owner: hub.owner }, "This process alerts now.");
    return { alerter, ledger };
  }

  /** Both partitions work on one alerter: whoever opens first makes it, whoever ends last stops it. */
  function use(assignment: Assignment): { making: Promise<Active>; leave(): Promise<void> } {
    if (active === null || active.number !== assignment.number)
      active = { number: assignment.number, making: activate(assignment), made: null, users: 0 };
    const mine = active;
    mine.users++;
    return {
      making: mine.making.then((made) => {
        mine.made = made;
        return made;
      }),
      async leave() {
        if (--mine.users > 0) return;
        if (active === mine) active = null;
        await mine.making.then(({ alerter }) => alerter.stop());
      },
    };
  }

  async function apply(alerter: Alerter, findings: readonly Finding[], held: () => boolean): Promise<void> {
    if (findings.length > 0) await patiently(held, () => alerter.apply(findings));
  }

  /** Findings go into incidents as they come, those of the past once all of it is there. */
  function findingsOf(assignment: Assignment, alerter: Alerter) {
    const { held } = assignment;
    const past = createPast(hub.now, 2 * brokers.settle);
    let upTo: number | null = null;

    /** No offset is committed beyond what is applied. */
    async function settled(): Promise<void> {
      if (past.due()) await apply(alerter, past.take(), held);
      const next = past.from ?? upTo;
      if (next !== null) await assignment.commit(next);
    }
    return {
      async take(messages: readonly Message[]) {
        const fresh: Finding[] = [];
        for (const message of messages) {
          for (const finding of findingOf(message, hub)) {
            if (message.headers[KIND] === PAST) past.add(finding, message.offset);
            else fresh.push(finding);
          }
        }
        await apply(alerter, fresh, held);
        upTo = messages.at(-1)!.offset + 1;
        await settled();
      },
      async idle() {
        if (past.due()) await settled();
      },
    };
  }

  async function obey(alerter: Alerter, messages: readonly Message[], held: () => boolean): Promise<void> {
    for (const message of messages) {
      const order = jsonOf(message);
      const silence = silenceCommand.safeParse(order);
      if (silence.success) {
        await patiently(held, () => alerter.silence(silence.data).catch(refusedByPeople(hub)));
        continue;
      }
      const replay = replayCommand.safeParse(order);
      if (replay.success) {
        await patiently(held, () => alerter.replay(replay.data).catch(refusedByPeople(hub)));
        continue;
      }
      const parsed = command.safeParse(order);
      if (!parsed.success) {
        log.warn({ offset: message.offset }, "A message of the commands topic is no command; it is left out.");
        continue;
      }
      await patiently(held, () => alerter.command(parsed.data).catch(refusedByPeople(hub)));
    }
  }

  const group = await joinGroup({
    kafka,
    group: `${brokers.client_id}.alert`,
    topics: [topics.findings, topics.commands],
    sessionTimeout: brokers.session_timeout,
    stopping: hub.stopping,
    oneOwner: true,
    async open(assignment) {
      const { making, leave } = use(assignment);
      const { alerter, ledger } = await making.catch(async (error: unknown) => {
        await leave().catch(() => undefined);
        throw error;
      });
      const { held } = assignment;
      const commands = {
        async take(messages: readonly Message[]) {
          await obey(alerter, messages, held);
          await assignment.commit(messages.at(-1)!.offset + 1);
        },
        idle: async () => undefined,
      };
      return {
        from: null,
        ...(assignment.topic === topics.findings ? findingsOf(assignment, alerter) : commands),
        stillMine: () => ledger.stillMine(),
        end: leave,
      };
    },
    onGap: (gap, where) => tellGap(log, gap, where),
    onTrouble: (error, where) => log.warn({ ...where, error: String(error) }, "Alerting broke off; it begins again."),
  });
  return {
    lanes: group.lanes,
    stop: group.close,
    // A standby takes the config up when it becomes active.
    queue: () => active?.made?.alerter.queue() ?? null,
    reconfigure: async (config) => (await active?.making)?.alerter.reconfigure(config),
  };
}

interface Active {
  alerter: Alerter;
  ledger: Ledger;
}

/** A late alerter must not number transitions: every write first makes sure that nobody took over. */
function fenced(store: Store, ledger: Ledger): Store {
  let sureUntil = 0;
  return {
    kind: store.kind,
    ask: (question, params) => store.ask(question, params),
    rows: (sql, params) => store.rows(sql, params),
    columns: (sql, params) => store.columns(sql, params),
    text: (sql, params, format) => store.text(sql, params, format),
    async insert(table, rows) {
      if (performance.now() > sureUntil) {
        const asked = performance.now();
        if (!(await ledger.stillMine())) throw new Error("another process alerts now");
        sureUntil = asked + SURE_MS;
      }
      await store.insert(table, rows);
    },
    insertBlock: (table, columns, block) => store.insertBlock(table, columns, block),
    command: (sql, params) => store.command(sql, params),
    readOnly: () => store.readOnly(),
    scratch: () => store.scratch(),
    openReading: store.openReading,
    close: () => store.close(),
  };
}

function jsonOf(message: Message): unknown {
  try {
    return JSON.parse(message.value?.toString("utf8") ?? "");
  } catch {
    return null;
  }
}

function findingOf(message: Message, hub: Hub): Finding[] {
  const finding = jsonOf(message) as Finding | null;
  if (typeof finding?.uid === "string" && typeof finding.subject_uid === "string") return [finding];
  hub.log.warn({ offset: message.offset }, "A message of the findings topic is no finding; it is left out.");
  return [];
}

/** What cannot be done to an incident is a sentence for whoever asked, who was told already; anything else is tried again. */
const refusedByPeople =
  (hub: Hub) =>
  (error: unknown): null => {
    if (
      !/^(There is no (incident|silence|message)|INC-|"|A comment|A silence|No incident has|Resolving)/.test(
        (error as Error).message,
      )
    )
      throw error;
    hub.log.warn({ error: String(error) }, "A command could not be done.");
    return null;
  };
