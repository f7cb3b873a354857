import { catalogue } from "../../detect/catalogue.ts";
import type { Config } from "../../schemas/config.ts";
import { channelLines } from "../doctor/channels.ts";
import { databaseLines } from "../doctor/databases.ts";
import { type Line, ok, orBad, type Patient, warn } from "../doctor/line.ts";
import { machineLines } from "../doctor/machine.ts";
import { sourceLines } from "../doctor/sources.ts";
import { detectionLine, storeLines } from "../doctor/store.ts";
import type { Out } from "../out.ts";
import { count } from "../out.ts";
import { printTable, shortTime } from "../table.ts";
import type { StoreCommand } from "./command.ts";

/** doctor looks at everything that has to work and says what mends it where it does not. Exit code 1 where something fails. */
export const doctor: StoreCommand = async ({ app, args, out }) => {
  const lines: Line[] = [
    ...programLines(app.config, app.now()),
    ...(await storeLines(app)),
    detectionLine(app),
    ...(await orBad("sources", "look at `sources` in the config", () => sourceLines(app))),
    ...(await orBad("channels", "look at `receivers` in the config", () => channelLines(app.alerter.check))),
  ];
  const code = printLines(lines, args.json === true, out);
  if (args.json !== true) await tells(app, out);
  return code;
};

/** programLines looks at what needs neither store nor brokers. */
export const programLines = (config: Config, now: number): Line[] => [
  ...machineLines(),
  ...databaseLines(now, config),
  ok(
    "config",
    `${catalogue.length} detections, ${config.receivers.length} receivers, ${config.sources.length} sources; no fault`,
  ),
  config.inventory === null
    ? warn("inventory", "none in the config", "`keywatch keys draft` proposes one, `keywatch keys import` takes it")
    : ok("inventory", config.inventory),
];

/** printLines shows what was found; gives the exit code. */
export function printLines(lines: readonly Line[], json: boolean, out: Out): number {
  if (json) for (const line of lines) out.line(JSON.stringify(line));
  else
    printTable(
      out,
      ["", "CHECK", "SAYS"],
      lines.map(({ state, check, says, mend }) => [state, check, mend === null ? says : `${says} -> ${mend}`]),
    );
  return lines.some((line) => line.state === "fail") ? 1 : 0;
}

/** For each provider what it can tell, and so which detections it can feed. */
export async function tells(app: Patient, out: Out): Promise<void> {
  const seen = await app.store.rows(
    "SELECT provider, count() AS n, toUnixTimestamp64Milli(max(time)) AS newest FROM events GROUP BY provider ORDER BY n DESC",
  );
  out.line("");
  if (seen.length === 0) return;
  printTable(
    out,
    ["PROVIDER", "EVENTS", "NEWEST (UTC)", "CAN TELL", "CANNOT TELL"],
    seen.map((s) => {
      const facts = Object.entries(app.parts.registry.byId(String(s.provider))?.tells ?? {});
      const words = (yes: boolean) =>
        facts
          .filter(([, v]) => v === yes)
          .map(([k]) => TELLS[k] ?? k)
          .join(", ") || "-";
      return [String(s.provider), count(Number(s.n)), shortTime(Number(s.newest)), words(true), words(false)];
    }),
  );
}

const TELLS: Record<string, string> = {
  source: "place",
  userAgent: "user agent",
  perCall: "every call",
  outcome: "denials",
  key: "key",
  session: "workload sessions",
};
