import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../schemas/package_root.ts";

/*
 * A real Kafka broker without Docker: the jars come from Maven Central by the pom.xml beside this file, and one Java process runs broker
 * and controller (KRaft) on free loopback ports, its data in a temporary folder.
 */

const POM = fileURLToPath(new URL("./pom.xml", import.meta.url));
const HEAP = "-Xmx512m";

/** brokerMissing says why no broker can run here; null when one can. Fetches the jars at the first call. */
export function brokerMissing(): string | null {
  if (spawnSync("java", ["-version"]).status !== 0) return "no Java on the PATH (apt-get install default-jre-headless)";
  if (existsSync(jarFolder())) return null;
  if (spawnSync("mvn", ["-v"]).status !== 0) return "no Maven on the PATH to fetch the broker (apt-get install maven)";
  return fetchJars();
}

const version = (): string =>
  process.env.KAFKA_VERSION ?? /<kafka.version>([^<]+)</.exec(readFileSync(POM, "utf8"))![1]!;
const jarFolder = (): string => join(packageRoot, ".cache", "kafka", version());

function fetchJars(): string | null {
  // Whole or not at all: two test files may ask at once.
  mkdirSync(join(packageRoot, ".cache", "kafka"), { recursive: true });
  const part = mkdtempSync(join(packageRoot, ".cache", "kafka", "part-"));
  const args = ["-q", "-B", "-f", POM, "dependency:copy-dependencies", `-Dkafka.version=${version()}`];
  const done = spawnSync("mvn", [...args, `-DoutputDirectory=${part}`, "-DincludeScope=runtime"], { encoding: "utf8" });
  const jars = readdirSync(part).some((name) => name.startsWith("kafka_2.13-"));
  if (done.status === 0 && jars && !existsSync(jarFolder())) renameSync(part, jarFolder());
  rmSync(part, { recursive: true, force: true });
  return existsSync(jarFolder()) ? null : `Maven could not fetch the broker: ${done.stdout.slice(0, 300)}`;
}

export interface Broker {
  address: string;
  /** The listener with TLS and SASL, and who it trusts; where it was asked for. */
  secure: { address: string; ca: string } | null;
  /** Ends the process at once, as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on the same data and the same port. */
  start(): Promise<void>;
  cpuSeconds(): number;
  /** Ends it in order and removes its data. */
  stop(): Promise<void>;
}

/** Account that the secure listener knows, by every mechanism. */
export const ACCOUNT = { username: "keywatch", password: "a password for tests" };

/** startBroker starts a broker of its own on free ports and waits until it answers. */
export async function startBroker(options: { secure?: boolean } = {}): Promise<Broker> {
  const folder = mkdtempSync(join(tmpdir(), "keywatch-kafka-"));
  const [port, controller] = [await freePort(), await freePort()];
  const file = join(folder, "server.properties");
  const secure = options.secure ? secureListener(folder, await freePort()) : null;
  writeFileSync(file, properties(folder, port, controller, secure));
  const java = [
    "-cp",
    `${jarFolder()}/*`,
    HEAP,
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    `-Dkafka.logs.dir=${folder}`,
  ];
  execFileSync(
    "java",
    [
      ...java,
      "kafka.tools.StorageTool",
      "format",
      "-t",
      "a2V5d2F0Y2gtdGVzdHMtMQ",
      "-c",
      file,
      ...(secure?.format ?? []),
    ],
    {
      stdio: "pipe",
    },
  );
  let child: ChildProcess | null = null;

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child;
    child = null;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise((resolve) => running.once("exit", resolve));
    running.kill(signal);
    await gone;
  };
  // A test run that is stopped must leave no Java behind.
  process.once("exit", () => child?.kill("SIGKILL"));
  const start = async (): Promise<void> => {
    const started = spawn("java", [...java, "kafka.Kafka", file], { stdio: ["ignore", "pipe", "pipe"] });
    child = started;
    let said = "";
    for (const stream of [started.stdout, started.stderr])
      stream.on("data", (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4_000);
      });
    const deadline = Date.now() + 60_000;
    while (!(await answers(port))) {
      if (started.exitCode !== null || Date.now() > deadline) throw new Error(`The broker did not start: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  await start();
  return {
    address: `127.0.0.1:${port}`,
    secure: secure && { address: `127.0.0.1:${secure.port}`, ca: secure.ca },
    cpuSeconds: () => cpuSecondsOf(child?.pid),
    kill: () => end("SIGKILL"),
    start,
    async stop() {
      await end("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Secure {
  port: number;
  ca: string;
  lines: string;
  format: string[];
}

/** secureListener makes a key for 127.0.0.1 and the lines of a listener that wants TLS and one of the four mechanisms. */
function secureListener(folder: string, port: number): Secure {
  const store = join(folder, "broker.p12");
  const keytool = (...args: string[]) =>
    execFileSync("keytool", [...args, "-alias", "broker", "-keystore", store, "-storepass", "changeit"], {
      stdio: "pipe",
    });
  keytool(
    "-genkeypair",
    "-keyalg",
    "RSA",
    "-storetype",
    "PKCS12",
    "-dname",
    "CN=broker",
    "-ext",
    "san=ip:127.0.0.1",
    "-validity",
    "2",
  );
  const ca = keytool("-exportcert", "-rfc").toString();
  const { username, password } = ACCOUNT;
  const modules = "org.apache.kafka.common.security";
  const jaas = (mechanism: string, module: string) =>
    `listener.name.secure.${mechanism}.sasl.jaas.config=${modules}.${module};`;
  const lines = [
    "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
    jaas("plain", `plain.PlainLoginModule required user_${username}="${password}"`),
    jaas("scram-sha-256", "scram.ScramLoginModule required"),
    jaas("scram-sha-512", "scram.ScramLoginModule required"),
    jaas("oauthbearer", 'oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker"'),
    `ssl.keystore.location=${store}`,
    "ssl.keystore.password=changeit",
    "ssl.keystore.type=PKCS12",
  ].join("\n");
  const scram = (mechanism: string) => ["--add-scram", `${mechanism}=[name=${username},password="${password}"]`];
  return { port, ca, lines, format: [...scram("SCRAM-SHA-256"), ...scram("SCRAM-SHA-512")] };
}

const properties = (
  folder: string,
  port: number,
  controller: number,
  secure: Secure | null,
): string => `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}${secure ? `,SECURE://127.0.0.1:${secure.port}` : ""}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}${secure ? `,SECURE://127.0.0.1:${secure.port}` : ""}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
controller.listener.names=CONTROLLER
log.dirs=${join(folder, "data")}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=3
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=100
message.max.bytes=8388608
log.cleaner.enable=false
${secure?.lines ?? ""}
`;

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** cpuSecondsOf gives the CPU time of a process, all threads; 0 where the system cannot tell. */
export function cpuSecondsOf(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}
