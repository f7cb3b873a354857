import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { App } from "../../cli/app.ts";
import { storeCommands } from "../../cli/commands/store_commands.ts";
import { askRunning, listenForCommands } from "../../cli/socket.ts";
import { keywatch, openTestApp, quietOut, tempFolder } from "../support.ts";

const folder = tempFolder();
const socket = join(folder, "keywatch.sock");
let app: App;
let server: Awaited<ReturnType<typeof listenForCommands>>;
beforeAll(async () => {
  app = await openTestApp(folder);
  server = await listenForCommands(app, socket, storeCommands);
});
afterAll(async () => {
  server.close();
  await app.close();
});

/** Asks the running process as the command line does. */
async function ask(command: string, args: object = {}) {
  const out = quietOut();
  const code = await askRunning(socket, { command, args: { ...args }, actor: "ann" }, out, null);
  return { code, ...out };
}

describe("keywatch silence, through the socket of a running serve", () => {
  test("add, list, expire, with what was asked and who asked", async () => {
    const added = await ask("silence add", {
      matchers: ["owner=team-a", 'severity!~"critical"'],
      for: "2h",
      reason: "rotation",
    });
    expect([added.code, added.lines[0]]).toEqual([
      0,
      expect.stringMatching(
        /^SIL-[0-9a-f]{8} holds what matches owner=team-a and severity!~"critical" until .* UTC\.$/,
      ),
    ]);
    const label = added.lines[0]!.slice(0, 12);
    const listed = await ask("silence list");
    expect(listed.lines.join("\n")).toMatch(new RegExp(`${label}\\s+active\\s+owner=team-a.*ann\\s+0\\s+rotation`));
    const [line] = (await ask("silence list", { json: true })).lines;
    expect(JSON.parse(line!)).toMatchObject({ state: "active", author: "ann", reason: "rotation", hits: 0 });
    expect((await ask("silence expire", { ids: [label] })).lines).toEqual([`${label} has ended.`]);
    expect((await ask("silence expire", { ids: [label] })).lines).toEqual([
      `${label} had ended already; nothing changed.`,
    ]);
    expect((await ask("silence list")).lines[0]).toMatch(/^No silences/);
    expect((await ask("silence list", { all: true })).lines.join("\n")).toContain("expired");
  });

  test.each<[string, object, RegExp]>([
    ["no duration", { matchers: ["owner=a"], for: "soon", reason: "x" }, /--for 30m/],
    ["too long", { matchers: ["owner=a"], for: "91d", reason: "x" }, /90 days at most/],
    ["no matcher", { matchers: ["owner"], for: "1h", reason: "x" }, /"owner" is no matcher/],
    ["a wrong start", { matchers: ["owner=a"], for: "1h", reason: "x", starts: "tomorrow" }, /is no time/],
  ])("%s is wrong usage, told in a sentence", async (_name, args, sentence) => {
    const said = await ask("silence add", args);
    expect([said.code, said.notes.join("\n")]).toEqual([2, expect.stringMatching(sentence)]);
  });
});

test("help of every silence command shows an example", async () => {
  for (const verb of ["add", "list", "expire"]) {
    const { code, stdout } = await keywatch(["silence", verb, "--help"]);
    expect([code, stdout]).toEqual([0, expect.stringContaining(`Example:\n  keywatch silence ${verb}`)]);
  }
}, 60_000);
