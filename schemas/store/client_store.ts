import type { ClickHouseClient } from "@clickhouse/client";
import type { OpenReading } from "./reading.ts";
import type { Params, Question, Store } from "./store.ts";

export type BlockInsert = (table: string, columns: readonly string[], block: readonly Buffer[]) => Promise<void>;

/** StoreParts is what differs between the embedded engine, a server and a cluster. */
export interface StoreParts {
  kind: "embedded" | "server";
  client: ClickHouseClient;
  insertBlock: BlockInsert;
  readOnly(): Promise<Store>;
  scratch(): Promise<Store>;
  /** Sessions for other people's questions. */
  openReading?: OpenReading;
  /** Statements that do on all servers what this one does on one. */
  statements?(sql: string): string[];
  /** Repeats work that failed on the way. */
  run?<T>(work: () => Promise<T>): Promise<T>;
  /** Nothing more is waited for. */
  end?(): void;
}

/** ClientStore is the store port over `@clickhouse/client`, whichever connection stands behind it. */
export class ClientStore implements Store {
  readonly kind: "embedded" | "server";
  readonly openReading: OpenReading | null;
  readonly #parts: StoreParts;
  readonly #run: <T>(work: () => Promise<T>) => Promise<T>;

  constructor(parts: StoreParts) {
    this.kind = parts.kind;
    this.openReading = parts.openReading ?? null;
    this.#parts = parts;
    this.#run = parts.run ?? ((work) => work());
  }

  async ask<P extends Params, R>(question: Question<P, R>, params: P): Promise<R[]> {
    const rows = await this.rows(question.sql, params);
    return rows.map((row, i) => {
      const parsed = question.row.safeParse(row);
      if (!parsed.success) throw new Error(`${question.name}, row ${i}: ${parsed.error.message}`);
      return parsed.data;
    });
  }

  rows(sql: string, params: Params = {}): Promise<Record<string, unknown>[]> {
    return this.#run(async () => {
      const result = await this.#parts.client.query({ query: sql, query_params: params, format: "JSONEachRow" });
      return result.json<Record<string, unknown>>();
    });
  }

  async columns(sql: string, params: Params = {}): Promise<Record<string, unknown[]>> {
    const text = await this.text(sql, params, "JSONColumns");
    return JSON.parse(text) as Record<string, unknown[]>;
  }

  text(sql: string, params: Params = {}, format?: string): Promise<string> {
    const query = format === undefined ? sql : `${sql.replace(/;\s*$/, "")}\nFORMAT ${format}`;
    return this.#run(async () => {
      const result = await this.#parts.client.exec({ query, query_params: params });
      const chunks: Buffer[] = [];
      for await (const chunk of result.stream) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString("utf8");
    });
  }

  async insert(table: string, rows: readonly object[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#run(() => this.#parts.client.insert({ table, values: rows, format: "JSONEachRow" }));
  }

  insertBlock(table: string, columns: readonly string[], block: readonly Buffer[]): Promise<void> {
    return this.#run(() => this.#parts.insertBlock(table, columns, block));
  }

  async command(sql: string, params: Params = {}): Promise<void> {
    for (const statement of this.#parts.statements?.(sql) ?? [sql]) {
      await this.#run(() => this.#parts.client.command({ query: statement, query_params: params }));
    }
  }

  readOnly(): Promise<Store> {
    return this.#parts.readOnly();
  }

  scratch(): Promise<Store> {
    return this.#parts.scratch();
  }

  close(): Promise<void> {
    this.#parts.end?.();
    return this.#parts.client.close();
  }
}
