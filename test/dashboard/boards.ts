import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../schemas/package_root.ts";

export interface Panel {
  id: number;
  type: string;
  title: string;
  datasource: object;
  gridPos: { x: number; y: number; w: number; h: number };
  targets: { rawSql: string; queryType: string; format: number; datasource: object }[];
}
export interface Dashboard {
  uid: string;
  title: string;
  panels: Panel[];
  templating: { list: { name: string; query: { rawSql: string } }[] };
}

export const SOURCE = { type: "grafana-clickhouse-datasource", uid: "keywatch" };
export const folder = join(packageRoot, "dashboard", "grafana");
export const read = (name: string): string => readFileSync(join(folder, name), "utf8");
export const dashboards = readdirSync(join(folder, "dashboards")).map(
  (file) => [file, JSON.parse(read(join("dashboards", file))) as Dashboard] as const,
);
export const panels = dashboards.flatMap(([file, d]) => d.panels.map((p) => [`${file}: ${p.title}`, p] as const));

/** expand does to a query what Grafana and its data source do: macros over a range, and the value of a variable. */
export function expand(sql: string, from: number, to: number): string {
  const at = (ms: number): string => `toDateTime(${Math.floor(ms / 1000)})`;
  return sql
    .replace(/\$__timeFilter\((\w+)\)/g, (_, c: string) => `${c} >= ${at(from)} AND ${c} <= ${at(to)}`)
    .replace(/\$__timeInterval\((\w+)\)/g, "toStartOfInterval(toDateTime($1), INTERVAL 3600 second)")
    .replaceAll("$__fromTime", at(from))
    .replaceAll("$__toTime", at(to))
    .replace(/\$\{key:sqlstring\}/g, "'billing-report-bot'");
}
