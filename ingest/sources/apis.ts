import type { ApiProvider, ApiSource } from "../../schemas/config_api.ts";
import { isObject, objectOf, textOf } from "../json.ts";
import type { Json, JsonObject } from "../provider.ts";

/** Page is what one answer of an API holds, and where the next one is: null at the end. */
export interface Page {
  records: JsonObject[];
  next: string | null;
}

/** LogApi is how one provider is asked for the records between two times (ms); it does no I/O. */
export interface LogApi {
  /** The provider's own address. */
  url: string | null;
  first(source: ApiSource, span: { from: number; to: number }): string;
  headers(source: ApiSource): Record<string, string>;
  page(body: Json, answer: { url: string; link: string | null }): Page;
}

const iso = (ms: number): string => new Date(ms).toISOString();
const seconds = (ms: number): string => String(Math.floor(ms / 1000));
const query = (path: string, params: Record<string, string>): string => `${path}?${new URLSearchParams(params)}`;
const bearer = (source: ApiSource): Record<string, string> => ({ authorization: `Bearer ${source.token}` });
const objects = (value: Json | undefined): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** nextLink reads the `Link` header (RFC 8288). */
const nextLink = (link: string | null): string | null =>
  /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(link ?? "")?.[1] ?? null;

/** withParam is the same question with one more parameter; null where there is nothing to add. */
function withParam(url: string, name: string, value: string | null): string | null {
  if (value === null) return null;
  const next = new URL(url);
  next.searchParams.set(name, value);
  return next.href;
}

/** apis after the providers' own reference: GitHub and Okta page by Link, the others by a cursor in the body. */
export const apis: Record<ApiProvider, LogApi> = {
  github_audit: {
    url: "https://api.github.com",
    first: (s, { from, to }) =>
      query(`/orgs/${s.organization}/audit-log`, {
        phrase: `created:${iso(from)}..${iso(to)}`,
        include: "all",
        order: "asc",
        per_page: "100",
      }),
    headers: (s) => ({ ...bearer(s), accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28" }),
    page: (body, { link }) => ({ records: objects(body), next: nextLink(link) }),
  },
  okta_system_log: {
    url: null,
    // With an end the last page has no next one; without, Okta always names one.
    first: (_, { from, to }) =>
      query("/api/v1/logs", { since: iso(from), until: iso(to), sortOrder: "ASCENDING", limit: "1000" }),
    headers: (s) => ({ authorization: `SSWS ${s.token}` }),
    page: (body, { link }) => {
      const records = objects(body);
      return { records, next: records.length === 0 ? null : nextLink(link) };
    },
  },
  openai_audit: {
    url: "https://api.openai.com",
    first: (_, { from, to }) =>
      query("/v1/organization/audit_logs", {
        "effective_at[gte]": seconds(from),
        "effective_at[lte]": seconds(to + 999),
        limit: "100",
      }),
    headers: bearer,
    page: (body, { url }) => {
      const answer = objectOf(body);
      const next = answer?.has_more === true ? withParam(url, "after", textOf(answer.last_id)) : null;
      return { records: objects(answer?.data), next };
    },
  },
  twilio_monitor: {
    url: "https://monitor.twilio.com",
    first: (_, { from, to }) => query("/v1/Events", { StartDate: iso(from), EndDate: iso(to), PageSize: "1000" }),
    headers: (s) => ({
      authorization: `Basic ${Buffer.from(`${s.key ?? s.account}:${s.token}`).toString("base64")}`,
    }),
    page: (body) => {
      const answer = objectOf(body);
      return { records: objects(answer?.events), next: textOf(objectOf(answer?.meta)?.next_page_url) };
    },
  },
  slack_audit: {
    url: "https://api.slack.com",
    first: (_, { from, to }) =>
      query("/audit/v1/logs", { oldest: seconds(from), latest: seconds(to + 999), limit: "1000" }),
    headers: bearer,
    page: (body, { url }) => {
      const answer = objectOf(body);
      const cursor = textOf(objectOf(answer?.response_metadata)?.next_cursor);
      return { records: objects(answer?.entries), next: withParam(url, "cursor", cursor) };
    },
  },
  cloudflare_audit: {
    url: "https://api.cloudflare.com",
    first: (s, { from, to }) =>
      query(`/client/v4/accounts/${s.account}/logs/audit`, {
        since: iso(from),
        before: iso(to),
        direction: "asc",
        limit: "1000",
      }),
    headers: bearer,
    page: (body, { url }) => {
      const answer = objectOf(body);
      const records = objects(answer?.result);
      const cursor = records.length === 0 ? null : textOf(objectOf(answer?.result_info)?.cursor);
      return { records, next: withParam(url, "cursor", cursor) };
    },
  },
};
