/*
 * The engine's library from npm (package chdb) holds clickhouse-local whole, and that opens ClickHouse's own HTTP and TCP ports: a real
 * server without a download or a container. Started by server.ts; it ends when its parent closes standard input.
 */
import { libchdbPath } from "chdb/libchdb";
import { DataType, load, open } from "ffi-rs";

open({ library: "chdb", path: libchdbPath() });
const FOREVER =
  "SELECT sleepEachRow(1) FROM numbers(86400) SETTINGS function_sleep_max_microseconds_per_block = 100000000000, max_block_size = 1 FORMAT Null";
const args = [
  "clickhouse",
  ...process.argv.slice(2),
  "--multiquery",
  `--query=SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP; ${FOREVER}`,
];
process.stdin.on("end", () => process.kill(process.pid, "SIGKILL")).resume();
await load({
  library: "chdb",
  funcName: "chdb_query_cmdline",
  retType: DataType.External,
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [args.length, args],
  runInNewThread: true,
});
