import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eraseCommand } from "../../cli/commands/erase.ts";
import { ingestFiles } from "../../cli/ingest_job.ts";
import { deletions } from "../../schemas/queries/erase.ts";
import { cloudTrail } from "../records.ts";
import { openTestApp, quietOut, tempFolder } from "../support.ts";

const user = (name: string, key: string) => ({
  userIdentity: {
    type: "IAMUser",
    arn: `arn:aws:iam::111122223333:user/${name}`,
    accountId: "111122223333",
    accessKeyId: key,
    userName: name,
  },
});

test("erase tells first, then takes one principal out of every table and out of memory, and nobody else", async () => {
  const folder = tempFolder();
  const calls = (name: string, key: string) =>
    [1, 2, 3, 4].flatMap((day) =>
      Array.from({ length: 30 }, (_, i) =>
        cloudTrail({
          ...user(name, key),
          eventTime: `2026-06-0${day}T10:${String(i).padStart(2, "0")}:00Z`,
          eventName: `List${i % 12}`,
          ...(day === 4 ? { errorCode: "AccessDenied" } : {}),
        }),
      ),
    );
  const records = [...calls("ann", "AKIAEXAMPLEKEYABCDE2"), ...calls("bob", "AKIAEXAMPLEKEYABCDE3")];
  writeFileSync(join(folder, "trail.json"), JSON.stringify({ Records: records }));
  const app = await openTestApp(join(folder, "data"));
  const job = { paths: [join(folder, "trail.json")], provider: "auto", report: false, alone: true, out: quietOut() };
  await ingestFiles(app, job);
  const ann = "arn:aws:iam::111122223333:user/ann";
  const run = async (args: object) => {
    const out = quietOut();
    expect(await eraseCommand({ app, args: { principal: ann, ...args }, out, stdin: null, actor: "ops" })).toBe(0);
    return out.lines.join("\n");
  };
  const everything = async () => {
    const texts = [JSON.stringify(await app.store.rows("SELECT * FROM meta"))];
    for (const { table } of deletions) texts.push(JSON.stringify(await app.store.rows(`SELECT * FROM ${table}`)));
    return texts.join("\n");
  };
  expect(await run({})).toMatch(/findings, .*120 events\. Nothing was erased/);
  const before = await everything();
  expect([before.includes("user/ann"), before.includes("user/bob")]).toEqual([true, true]);
  const annsKey = app.parts.fingerprint("aws_cloudtrail", "AKIAEXAMPLEKEYABCDE2");
  expect(app.engine.profile(annsKey)).not.toBeNull();

  // An erasure that broke off after half of the tables is found again, and goes on.
  const { whileStill } = app.store;
  app.store.whileStill = (work) =>
    whileStill((store) => {
      const { command } = store;
      store.command = (sql, params) =>
        sql.includes("TABLE incidents") ? Promise.reject(new Error("gone")) : command.call(store, sql, params);
      return work(store).finally(() => {
        store.command = command;
      });
    });
  await expect(run({ yes: true })).rejects.toThrow("gone");
  app.store.whileStill = whileStill;
  expect(await run({ yes: true })).toMatch(/^Erased .*120 events/);
  await app.save();
  const after = await everything();
  expect([after.includes("user/ann"), after.includes(annsKey), after.includes("user/bob")]).toEqual([
    false,
    false,
    true,
  ]);
  expect(app.engine.profile(annsKey)).toBeNull();
  const [row] = await app.store.rows("SELECT value FROM meta FINAL WHERE name LIKE 'erased %'");
  expect(JSON.parse(String(row!.value))).toMatchObject({ actor: "ops", rows: { events: 120 } });
  expect(Number((await app.store.rows("SELECT count() AS n FROM events FINAL"))[0]!.n)).toBe(120);
  await expect(run({})).rejects.toThrow("There is no principal");
  // The file was read: it does not come back by itself.
  expect((await ingestFiles(app, job)).stored).toBe(0);
  await app.close();
});
