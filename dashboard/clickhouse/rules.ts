import type { Store } from "../../schemas/store/store.ts";

/** Rules are the names that a question may not use; all in small letters. */
export interface Rules {
  /** Functions that reach outside of the store, wait, or tell of the machine. Refused wherever the name stands: `* APPLY f` calls without brackets. */
  functions: ReadonlySet<string>;
  /** Table functions, refused before a bracket only: many are good names of columns. */
  tableFunctions: ReadonlySet<string>;
}

/** Functions by name; the engine's own readonly mode lets all of them through. */
const FUNCTIONS = [
  "file catboostEvaluate hasColumnInTable reverseDNSQuery showCertificate sleep sleepEachRow",
  "joinGet joinGetOrNull generateSerialID zookeeperSessionUptime serverUUID buildId",
  "FQDN fullHostName hostName getOSKernelVersion getServerPort tcpPort getServerSetting getMacro getClientHTTPHeader",
  "filesystemAvailable filesystemCapacity filesystemFree filesystemUnreserved",
  "transactionID transactionLatestSnapshot transactionOldestSnapshot",
].flatMap((line) => line.split(" "));

/** Categories of functions that are refused whole: they read models, dictionaries and addresses in memory, or ask a service. */
const CATEGORIES = [
  "AI",
  "Dictionary",
  "Embedded Dictionary",
  "Introspection",
  "Machine Learning",
  "Internal",
  "UDF",
  "Files",
];

const TABLE_FUNCTIONS = new Set(
  "numbers numbers_mt zeros zeros_mt values view generateseries generate_series format null".split(" "),
);

/** Tables of the engine itself that tell names and types and nothing of what runs, lies or is set on the machine. */
export const SYSTEM_TABLES: ReadonlySet<string> = new Set(
  "one numbers numbers_mt zeros zeros_mt tables columns databases functions formats data_type_families time_zones".split(
    " ",
  ),
);

/** Tables of ours that nobody needs to ask for: `meta` holds the check value of the pepper. */
export const CLOSED_TABLES: ReadonlySet<string> = new Set(["meta", "meta_local"]);

/** loadRules asks the engine what it has, so that a function of a newer engine is refused by its category, and a table function by default. */
export async function loadRules(store: Store): Promise<Rules> {
  const [functions, tableFunctions] = await Promise.all([
    store.rows("SELECT name FROM system.functions WHERE categories IN {categories:Array(String)}", {
      categories: CATEGORIES,
    }),
    store.rows("SELECT name FROM system.table_functions"),
  ]);
  const names = (rows: Record<string, unknown>[]): string[] => rows.map((r) => String(r.name).toLowerCase());
  const refused = names(tableFunctions).filter((n) => !TABLE_FUNCTIONS.has(n));
  return {
    functions: new Set([
      ...FUNCTIONS.map((n) => n.toLowerCase()),
      ...names(functions).filter((n) => n !== "casewithexpression"),
    ]),
    tableFunctions: new Set(refused),
  };
}
