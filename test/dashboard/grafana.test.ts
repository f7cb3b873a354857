import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { App } from "../../cli/app.ts";
import { packageRoot } from "../../schemas/package_root.ts";
import { seededFleet } from "../sql/fleet.ts";
import { tempFolder } from "../support.ts";
import { dashboards, expand, panels, read, SOURCE } from "./boards.ts";
import { type Door, openDoor, READ_TOKEN } from "./door.ts";

describe("the files", () => {
  test("dashboards have the names that links know, and panels that do not lie on each other", () => {
    expect(dashboards.map(([, d]) => d.uid).sort()).toEqual([
      "keywatch-failures",
      "keywatch-geography",
      "keywatch-key",
      "keywatch-overview",
      "keywatch-sources",
    ]);
    for (const [file, d] of dashboards) {
      expect(new Set(d.panels.map((p) => p.id)).size, file).toBe(d.panels.length);
      const cells = d.panels.flatMap(({ gridPos: g }) =>
        Array.from({ length: g.w * g.h }, (_, i) => `${g.x + (i % g.w)},${g.y + Math.floor(i / g.w)}`),
      );
      expect(new Set(cells).size, file).toBe(cells.length);
      expect(Math.max(...d.panels.map((p) => p.gridPos.x + p.gridPos.w)), file).toBeLessThanOrEqual(24);
      for (const p of d.panels) expect([p.datasource, ...p.targets.map((t) => t.datasource)]).toEqual([SOURCE, SOURCE]);
    }
  });

  test("the data source asks the door, and the compose file wires everything", () => {
    const [door] = (parse(read("provisioning/datasources/keywatch.yaml")) as { datasources: Record<string, unknown>[] })
      .datasources;
    expect(door).toMatchObject({ ...SOURCE, jsonData: { protocol: "http", path: "/clickhouse", port: 8686 } });
    const server = parse(readFileSync(join(packageRoot, "deploy/compose/grafana/clickhouse.yaml"), "utf8"));
    expect(server.datasources[0]).toMatchObject({ ...SOURCE, jsonData: { protocol: "http", port: 8123 } });
    const { services } = parse(readFileSync(join(packageRoot, "docker-compose.yml"), "utf8"));
    const [provider] = parse(read("provisioning/dashboards/keywatch.yaml")).providers;
    expect(services.grafana.volumes).toEqual(
      expect.arrayContaining([
        "./dashboard/grafana/provisioning/dashboards:/etc/grafana/provisioning/dashboards:ro",
        `./dashboard/grafana/dashboards:${provider.options.path}:ro`,
      ]),
    );
  });
});

describe("every panel's query", () => {
  let app: App;
  let door: Door;
  beforeAll(async () => {
    app = await seededFleet(tempFolder());
    door = await openDoor(app.store);
  }, 240_000);
  afterAll(async () => {
    await door?.close();
    await app?.close();
  });

  const ask = async (
    sql: string,
  ): Promise<{ meta: { name: string; type: string }[]; data: Record<string, unknown>[] }> => {
    const now = Date.now();
    const answer = await fetch(`${door.url}/clickhouse?default_format=JSON`, {
      method: "POST",
      body: expand(sql, now - 30 * 86_400_000, now + 60_000),
      headers: { "x-clickhouse-key": READ_TOKEN },
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(text);
    return JSON.parse(text);
  };

  test.each(panels)("%s", async (_, panel) => {
    for (const target of panel.targets) {
      expect(target.rawSql).not.toMatch(/\$(?!__(timeFilter|timeInterval|fromTime|toTime)\b|\{key:sqlstring\})/);
      const { meta, data } = await ask(target.rawSql);
      expect(data.length).toBeGreaterThan(0);
      if (target.queryType === "timeseries") {
        expect(target.format).toBe(0);
        expect(meta[0]!.type).toMatch(/^DateTime/);
        expect(meta.slice(1).some((c) => /^(U?Int|Float)/.test(c.type))).toBe(true);
      } else expect(target.format).toBe(1);
      if (panel.type === "stat") expect(data).toHaveLength(1);
    }
  });

  test("variables offer values", async () => {
    const variables = dashboards.flatMap(([, d]) => d.templating.list);
    for (const { query } of variables) {
      const { data } = await ask(query.rawSql);
      expect(data.map((r) => r.key)).toContain("billing-report-bot");
    }
    expect(variables.map((v) => v.name)).toEqual(["key"]);
  });
});
