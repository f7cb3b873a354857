import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { type DataSet, dataSets, INDEX_FILE, readDataSet } from "../../ingest/enrich/data_sets.ts";

export type NewDataSet = Omit<DataSet, "file" | "crc" | "bytes">;

/**
 * keepDataSet writes the bytes beside what is there, has them verified as they stand on the disk, and only then lets the index name them,
 * by one rename. Whatever fails before leaves the old data in force.
 */
export function keepDataSet(folder: string, set: NewDataSet, bytes: Buffer, verify: (stored: Buffer) => void): DataSet {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = `${set.name}-${randomUUID()}`;
  const kept: DataSet = { ...set, file, bytes: bytes.length, crc: crc32(bytes) };
  const index = join(folder, INDEX_FILE);
  const isOld = ({ kind, name }: DataSet) => kind === set.kind && name === set.name;
  let old: DataSet[] = [];
  try {
    writeThrough(join(folder, file), bytes);
    verify(readDataSet(folder, kept));
    const before = dataSets(folder);
    old = before.filter(isOld);
    const text = JSON.stringify([...before.filter((s) => !isOld(s)), kept], null, 1);
    writeThrough(`${index}.${file}`, Buffer.from(`${text}\n`));
    renameSync(`${index}.${file}`, index);
  } catch (error) {
    for (const path of [join(folder, file), `${index}.${file}`]) rmSync(path, { force: true });
    throw error;
  }
  for (const { file: gone } of old) rmSync(join(folder, gone), { force: true });
  return kept;
}

function writeThrough(path: string, bytes: Buffer): void {
  const fd = openSync(path, "wx", 0o600);
  try {
    writeFileSync(fd, bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
