import { execFile } from "node:child_process";
import { promisify } from "node:util";
import kafkajs, { type Kafka, type SASLOptions } from "kafkajs";
import type { KafkaConfig } from "../../schemas/config_kafka.ts";
import { useCodecs } from "./codecs.ts";

const run = promisify(execFile);

/** KafkaLog takes what the client says, with its facts; levels are those of pino. */
export type KafkaLog = (level: "error" | "warn" | "info" | "debug", sentence: string, facts: object) => void;

/** hurried is for whoever asks how the brokers are: each of them is tried, and none is waited for. */
const hurried = ({ brokers }: KafkaConfig) => ({
  connectionTimeout: 1_500,
  authenticationTimeout: 3_000,
  requestTimeout: 2_000,
  retry: { initialRetryTime: 20, maxRetryTime: 200, retries: brokers.length },
});

/** connectKafka makes the client of one process. It connects when a producer or consumer of it does. */
export function connectKafka(config: KafkaConfig, log: KafkaLog, pace: "patient" | "hurried" = "patient"): Kafka {
  useCodecs();
  quietTimers();
  return new kafkajs.Kafka({
    clientId: config.client_id,
    brokers: config.brokers,
    ...(config.tls === false ? {} : { ssl: config.tls === true ? true : tlsOptions(config.tls) }),
    ...(config.sasl ? { sasl: saslOptions(config.sasl) } : {}),
    connectionTimeout: 3_000,
    authenticationTimeout: 10_000,
    requestTimeout: 30_000,
    // Transactions that follow one another meet the end of the one before: 20 ms is what that takes.
    retry: { initialRetryTime: 20, maxRetryTime: 2_000, retries: 12 },
    ...(pace === "hurried" ? hurried(config) : {}),
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => (entry) => {
      const { message, timestamp: _, ...facts } = entry.log;
      log(levelOf(entry.level), message, { namespace: entry.namespace, ...facts });
    },
  });
}

/** The client calls an error whatever it tries again: what is worth a person's attention is said by those who use it. */
const levelOf = (level: number): "warn" | "info" | "debug" =>
  level === kafkajs.logLevel.ERROR ? "info" : level === kafkajs.logLevel.WARN ? "info" : "debug";

function tlsOptions(tls: Exclude<KafkaConfig["tls"], boolean>): object {
  return {
    ...(tls.ca ? { ca: [tls.ca] } : {}),
    ...(tls.cert ? { cert: tls.cert } : {}),
    ...(tls.key ? { key: tls.key } : {}),
    ...(tls.server_name ? { servername: tls.server_name } : {}),
  };
}

function saslOptions(sasl: NonNullable<KafkaConfig["sasl"]>): SASLOptions {
  if (sasl.mechanism !== "oauthbearer") return sasl;
  const [program = "", ...args] = sasl.command;
  return {
    mechanism: "oauthbearer",
    oauthBearerProvider: async () => {
      const { stdout } = await run(program, args, { timeout: sasl.timeout }).catch((cause: Error) => {
        // The message would hold the command line, and standard error may hold a secret.
        throw new Error(`kafka.sasl.command ended with ${(cause as { code?: unknown }).code ?? "an error"}`);
      });
      return { value: stdout.trim() };
    },
  };
}

let quiet = false;

/** The client sets timers in the past, which is harmless and which Node says at every start of every command. */
function quietTimers(): void {
  if (quiet) return;
  quiet = true;
  const warn = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (rest[0] !== "TimeoutNegativeWarning") (warn as (...all: unknown[]) => void)(warning, ...rest);
  }) as typeof process.emitWarning;
}
