import { describe, expect, test } from "vitest";
import { createLog } from "../../cli/log.ts";

const SECRET = `ghp_${"a1B2c3D4e5F6g7H8i9J0".repeat(2).slice(0, 36)}`;

function written(say: (log: ReturnType<typeof createLog>) => void, level: "info" | "warn" = "warn"): string {
  const lines: string[] = [];
  say(createLog({ level, fieldNames: ["house_word"], write: (line) => void lines.push(line) }));
  return lines.join("");
}

describe("a log line", () => {
  test.each<[string, (log: ReturnType<typeof createLog>) => void]>([
    ["the sentence", (log) => log.warn(`Cannot parse the value ${SECRET} of a row`)],
    ["a fact", (log) => log.warn({ error: `near '${SECRET}'` }, "The store refused.")],
    ["an error with its stack and cause", (log) => log.warn(new Error("outer", { cause: new Error(`at ${SECRET}`) }))],
    ["an error as a fact", (log) => log.warn({ err: new Error(`at ${SECRET}`) }, "It broke.")],
    ["text in text", (log) => log.warn({ body: JSON.stringify({ deep: [{ v: `x ${SECRET}` }] }) }, "Odd body.")],
    ["what a child logger carries", (log) => log.child({ from: `url?token=${SECRET}` }).warn("Odd.")],
    [
      "a name that tells",
      (log) => log.warn({ authorization: "Bearer hunter2hunter2", password: "hunter2hunter2" }, "x"),
    ],
    ["a name of the house", (log) => log.warn({ house_word: "hunter2hunter2" }, "x")],
  ])("holds no secret in %s", (_, say) => {
    const line = written(say);
    expect(line).not.toContain(SECRET);
    expect(line).not.toContain("hunter2");
    expect((JSON.parse(line) as { level: string }).level).toBe("warn");
  });

  test("keeps what people need: level, time, the sentence and its facts", () => {
    const line = JSON.parse(
      written((log) =>
        log.warn({ folder: "/var/log/trail", rows: 12, receiver: "on-call" }, "Reading a folder failed."),
      ),
    ) as object;
    expect(line).toMatchObject({ level: "warn", folder: "/var/log/trail", rows: 12, msg: "Reading a folder failed." });
    expect(line).toHaveProperty("time", expect.stringMatching(/^\d{4}-.*Z$/));
  });

  test("below its level is silent, and the level may change while it runs", () => {
    const lines = written((log) => {
      log.info("not this one");
      log.level = "info";
      log.info("this one");
    });
    expect(lines).toContain("this one");
    expect(lines).not.toContain("not this one");
  });
});
