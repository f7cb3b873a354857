import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type Earlier, lookAtFiles, type ProgressOf } from "../../cli/file_look.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keywatch-test-"));
});

function filesOf(n: number, text: (i: number) => string = (i) => `{"n":${i}}\n`): string[] {
  return Array.from({ length: n }, (_, i) => {
    const file = join(folder, `${String(i).padStart(4, "0")}.json`);
    writeFileSync(file, text(i));
    return file;
  });
}

const sizeOf = () => 10;

/** A store that knows these sources, and how often it was asked. */
function asked(known: ReadonlyMap<string, Earlier> = new Map()): { progressOf: ProgressOf; questions: string[][] } {
  const questions: string[][] = [];
  return {
    questions,
    progressOf: async (sources) => {
      questions.push([...sources]);
      return new Map([...known].filter(([source]) => sources.includes(source)));
    },
  };
}

async function all(files: readonly string[], options: Omit<Parameters<typeof lookAtFiles>[1], "sizeOf">) {
  const found = [];
  for await (const looked of lookAtFiles(files, { sizeOf, ...options })) found.push(looked);
  return found;
}

describe("files are looked at", () => {
  test("in their order, with few questions for thousands of small ones", async () => {
    const files = filesOf(1_000);
    const store = asked();
    const found = await all(files, store);
    expect(found.map((f) => f.file)).toEqual(files);
    expect(store.questions.flat()).toEqual(found.map((f) => f.source));
    expect(new Set(store.questions.flat()).size).toBe(1_000);
    expect(store.questions.length).toBeLessThanOrEqual(10);
  });

  test("by their content, with what was read of it under whatever name", async () => {
    const files = filesOf(3, () => "same\n");
    const [first] = await all(files, {});
    const earlier = { records: 7, complete: false };
    const found = await all(files, asked(new Map([[first!.source!, earlier]])));
    expect(found.map((f) => f.earlier)).toEqual([earlier, earlier, earlier]);
  });

  test("ahead only as far as memory may hold them", async () => {
    const files = filesOf(8);
    const store = asked();
    const looks = lookAtFiles(files, { ...store, sizeOf: () => 10 * 1024 * 1024 });
    await looks.next();
    // Two of 10 MB reach 16 MB; while they are read, two more are looked at.
    await expect.poll(() => store.questions.flat().length).toBe(4);
    await looks.return(undefined);
    expect(store.questions.flat()).toHaveLength(4);
  });

  test("and one that cannot be opened is told, not the end of the others", async () => {
    const [a, b] = filesOf(2);
    const gone = join(folder, "gone.json");
    mkdirSync(join(folder, "folder.json"));
    const found = await all([a!, gone, join(folder, "folder.json"), b!], asked());
    expect(found.map((f) => f.source !== null)).toEqual([true, false, false, true]);
    expect(found[1]!.fault).toContain("ENOENT");
    expect(found[2]!.fault).toContain("EISDIR");
  });

  test("and a pipe is not read to name it, and not asked for", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const [file] = filesOf(1);
    const store = asked();
    const found = await all([pipe, "-", file!], { ...store, piped: "stdin-1" });
    expect(found.map((f) => [f.piped, f.source])).toEqual([
      [true, `file:stdin-1${pipe}`],
      [true, "file:stdin-1-"],
      [false, store.questions[0]![0]],
    ]);
    expect(store.questions.flat()).toHaveLength(1);
  });

  test("and a store that refuses is heard when it is that file's turn", async () => {
    const files = filesOf(200);
    let questions = 0;
    const progressOf = async () => {
      if (++questions > 1) throw new Error("store down");
      return new Map();
    };
    const found: string[] = [];
    const reading = async () => {
      for await (const { file } of lookAtFiles(files, { progressOf, sizeOf })) found.push(file);
    };
    await expect(reading()).rejects.toThrow("store down");
    expect(found).toEqual(files.slice(0, 128));
  });
});
