import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { keywatch, MAIN, tempFolder } from "../support.ts";

const DRAWN = "q7Zt0Lw3Vx9Kd2Rm5Bn8";
const STRIPE = `sk_live_${"4eC39HqLyjWDarjtT1zdp7dc"}`;
const APP = `started\n{"level":"info","body":{"token":"${DRAWN}"}}\nGET /v1/a?api_key=${DRAWN} 200\nno secret here\nkey ${STRIPE} was refused\n`;

function logs(): string {
  const folder = tempFolder();
  writeFileSync(join(folder, "app.log"), APP);
  writeFileSync(join(folder, "old.log.gz"), Buffer.concat([gzipSync("fine\n"), gzipSync(`password=${DRAWN}\n`)]));
  return folder;
}

test("--report lists kind, file and line of every exposed key, in gzip too, and no value", async () => {
  const folder = logs();
  const ran = await keywatch(["redact", "--report", folder]);
  expect([ran.code, ran.stderr]).toEqual([0, ""]);
  expect(ran.stdout.replaceAll(`${folder}/`, "").split("\n")).toEqual([
    "7 lines of 2 files, 4 with secrets.",
    "  1  token",
    "  1  api_key",
    "  1  stripe_secret_key",
    "  1  password",
    "app.log:2  token  at body.token",
    "app.log:3  api_key",
    "app.log:5  stripe_secret_key",
    "old.log.gz:2  password",
    "",
  ]);
  expect(ran.stdout).not.toMatch(new RegExp(`${DRAWN}|${STRIPE}`));
});

test("--json gives one object a secret", async () => {
  const ran = await keywatch(["redact", "--report", "--json"], { input: APP });
  expect(
    ran.stdout
      .trim()
      .split("\n")
      .map((l) => JSON.parse(l) as object),
  ).toEqual([
    { file: "standard input", line: 2, kind: "token", path: "body.token" },
    { file: "standard input", line: 3, kind: "api_key", path: "text" },
    { file: "standard input", line: 5, kind: "stripe_secret_key", path: "text" },
  ]);
  expect(ran.stderr).toContain("5 lines, 3 with secrets.");
});

test("files named on the command line come out cleaned, line by line", async () => {
  const folder = logs();
  const ran = await keywatch(["redact", join(folder, "app.log")]);
  expect(ran.stdout).toBe(
    APP.replace(`"${DRAWN}"`, '"[redacted:token]"')
      .replace(DRAWN, "[redacted:api_key]")
      .replace(STRIPE, "[redacted:stripe_secret_key]"),
  );
  expect((await keywatch(["redact", join(folder, "nothing.log")])).code).toBe(2);
});

test("a slow reader is waited for: 64 MB through a pipe need no memory of their own", () => {
  const folder = tempFolder();
  const line = `{"n":1,"text":"${"lorem ipsum ".repeat(80)}","password":"${DRAWN}"}\n`;
  writeFileSync(join(folder, "big.log"), line.repeat(Math.ceil((64 * 2 ** 20) / line.length)));
  const script = `/usr/bin/env node "$MAIN" redact < "$IN" | (sleep 2; wc -c)`;
  const ran = spawnSync("sh", ["-c", script.replace("/usr/bin/env node", '"$NODE" --max-old-space-size=64')], {
    env: { ...process.env, MAIN, IN: join(folder, "big.log"), NODE: process.execPath },
    encoding: "utf8",
  });
  expect(ran.stderr).not.toMatch(/heap|memory/i);
  const lines = readFileSync(join(folder, "big.log"), "utf8").split("\n").length - 1;
  expect(Number(ran.stdout)).toBe(lines * (line.length - DRAWN.length + "[redacted:password]".length));
});
