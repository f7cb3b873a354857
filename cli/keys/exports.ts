import { isObject, textOf } from "../../ingest/json.ts";
import type { Json, JsonObject } from "../../ingest/provider.ts";
import { csvRows } from "./csv.ts";

/** ExportedKey is one key as an inventory declares it, with no more than the export says. */
export interface ExportedKey {
  name: string;
  provider: string;
  id?: string;
  fingerprint?: string;
  principal?: string;
  owner?: string;
  environment?: string;
  access?: string;
  scopes?: string[];
  granted?: string[];
  rotation?: { created_at: string };
  expires_at?: string;
  revoked_at?: string;
  tags?: string[];
}

export interface KeyExport {
  title: string;
  /** Gives the keys, or null where the text is no such export. */
  read(text: string): ExportedKey[] | null;
}

const listIn = (text: string): Json[] | null => {
  try {
    const value = JSON.parse(text) as Json;
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
};
const objectsIn = (text: string): JsonObject[] | null => listIn(text)?.filter(isObject) ?? null;
const date = (value: Json | undefined): string | null => {
  const said = textOf(value);
  return said === null || Number.isNaN(Date.parse(said)) || said.startsWith("9999") ? null : said;
};
/** told leaves out what an export does not say. */
const told = (key: { [F in keyof ExportedKey]: ExportedKey[F] | null }): ExportedKey =>
  Object.fromEntries(Object.entries(key).filter(([, v]) => v !== null && v !== undefined)) as unknown as ExportedKey;
const created = (at: string | null): { created_at: string } | null => (at === null ? null : { created_at: at });
const idOf = (value: Json | undefined): string | null =>
  typeof value === "number" && Number.isSafeInteger(value) ? String(value) : textOf(value);

/** keyExports are the exports that `keys import --from` reads, by name. */
export const keyExports: Record<string, KeyExport> = {
  aws_credential_report: {
    title: "`aws iam get-credential-report`, the CSV in it",
    // The report names no key ids: a user's line stands for all keys of that user.
    read: (text) => {
      const rows = csvRows(text);
      if (rows === null || !rows.columns.includes("access_key_1_active")) return null;
      return rows.rows
        .filter((r) => r.access_key_1_active === "true" || r.access_key_2_active === "true")
        .map((r) => {
          const rotated = [1, 2].flatMap((n) =>
            r[`access_key_${n}_active`] === "true" ? (date(r[`access_key_${n}_last_rotated`]) ?? []) : [],
          );
          return told({
            name: r.user!,
            provider: "aws_cloudtrail",
            principal: r.arn!,
            rotation: created(rotated.sort()[0] ?? null),
          });
        });
    },
  },
  github_tokens: {
    title: "`gh api /orgs/<org>/personal-access-tokens`, or `/credential-authorizations`",
    read: (text) =>
      objectsIn(text)?.map((r) => {
        const owner = isObject(r.owner) ? textOf(r.owner.login) : textOf(r.login);
        const id = idOf(r.token_id) ?? idOf(r.credential_id) ?? "";
        return told({
          name: textOf(r.token_name) ?? `${owner ?? "token"}-${id}`,
          provider: "github_audit",
          id,
          owner,
          granted: Array.isArray(r.scopes) ? r.scopes.filter((s) => typeof s === "string") : null,
          rotation: created(date(r.access_granted_at) ?? date(r.credential_authorized_at)),
          expires_at: date(r.token_expires_at) ?? date(r.authorized_credential_expires_at),
        });
      }) ?? null,
  },
  gcp_service_account_keys: {
    title: "`gcloud iam service-accounts keys list --managed-by=user --format=json`",
    read: (text) =>
      objectsIn(text)
        ?.filter((r) => r.keyType !== "SYSTEM_MANAGED")
        .flatMap((r) => {
          const [, account, id] = /serviceAccounts\/([^/]+)\/keys\/([^/]+)$/.exec(textOf(r.name) ?? "") ?? [];
          if (account === undefined || id === undefined) return [];
          return told({
            name: `${account.split("@")[0]}-${id.slice(0, 8)}`,
            provider: "gcp_audit",
            id,
            rotation: created(date(r.validAfterTime)),
            expires_at: date(r.validBeforeTime),
          });
        }) ?? null,
  },
  vault_accessors: {
    title: "`vault list -format=json auth/token/accessors`, for a log with hmac_accessor=false",
    read: (text) =>
      listIn(text)
        ?.map((a) => (typeof a === "string" ? a : isObject(a) && isObject(a.data) ? a.data : a))
        .flatMap((a) => {
          const accessor = typeof a === "string" ? a : isObject(a) ? textOf(a.accessor) : null;
          if (accessor === null) return [];
          const of = isObject(a) ? a : {};
          return told({
            name: `${textOf(of.display_name) ?? "token"}-${accessor.slice(0, 6)}`,
            provider: "vault_audit",
            id: accessor,
            expires_at: date(of.expire_time),
          });
        }) ?? null,
  },
  csv: {
    title: "any CSV whose first line names fields of the inventory: name, provider, id or principal, owner, …",
    read: (text) => {
      const rows = csvRows(text);
      if (rows === null || !rows.columns.includes("name") || !rows.columns.includes("provider")) return null;
      const list = (value: string | undefined) => (value ? value.split(/[;|\s]+/).filter((v) => v !== "") : null);
      const said = (value: string | undefined) => (value === undefined || value === "" ? null : value);
      return rows.rows.map((r) =>
        told({
          name: r.name!,
          provider: r.provider!,
          id: said(r.id),
          fingerprint: said(r.fingerprint),
          principal: said(r.principal),
          owner: said(r.owner),
          environment: said(r.environment),
          access: said(r.access),
          scopes: list(r.scopes),
          granted: list(r.granted),
          rotation: created(said(r.created_at)),
          expires_at: said(r.expires_at),
          revoked_at: said(r.revoked_at),
          tags: list(r.tags),
        }),
      );
    },
  },
};
