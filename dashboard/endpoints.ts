import { z } from "zod";
import * as api from "../schemas/http_api.ts";
import { defineEndpoint } from "./endpoint.ts";

/** Every operation of the API that reads and changes; routes/ gives them their work, openapi.ts their description. */

const done = z.object({ changed: z.boolean(), incident: api.incidentDetail });
const change = <B extends z.ZodType>(verb: string, summary: string, body: B) =>
  defineEndpoint({
    method: "POST",
    path: `/v1/incidents/{id}/${verb}`,
    tag: "incidents",
    role: "admin",
    summary,
    body,
    answer: done,
  });
const read = <Q extends z.ZodType>(path: string, tag: string, summary: string, answer: z.ZodType, query?: Q) =>
  defineEndpoint({ method: "GET", path, tag, role: "read", summary, answer, ...(query ? { query } : {}) });

export const incidentEndpoints = {
  list: read(
    "/v1/incidents",
    "incidents",
    "Incidents, worst first; unresolved ones unless told otherwise",
    z.object({ incidents: z.array(api.incidentOut) }),
    api.incidentQuery,
  ),
  one: read(
    "/v1/incidents/{id}",
    "incidents",
    "One incident with its log; id is its uid, the beginning of it, or INC-xxxxxxxx",
    api.incidentDetail,
  ),
  evidence: read(
    "/v1/incidents/{id}/evidence",
    "incidents",
    "What stands behind an incident: findings, hours, counts with the expected band, source ladder, events",
    api.evidence,
  ),
  acknowledge: change("acknowledge", "Somebody is on it", api.noteBody),
  assign: change("assign", "Give it to somebody; null takes it back", api.assignBody),
  comment: change("comment", "Say something about it", api.commentBody),
  resolve: change("resolve", "Say what it was; the verdict teaches the detections", api.resolveBody),
  reopen: change("reopen", "It is not over", api.noteBody),
};

export const exploreEndpoints = {
  status: read("/v1/status", "status", "A few numbers", api.status),
  stats: read(
    "/v1/stats",
    "status",
    "Activity, findings and countries over a span of time, for charts",
    api.stats,
    api.statsQuery,
  ),
  sources: read(
    "/v1/sources",
    "sources",
    "Each provider's log: health, lag, what it can and cannot tell",
    z.object({
      sources: z.array(api.sourceOut),
      feeds: z.array(api.feedOut),
      databases: z.array(api.databaseOut),
    }),
  ),
  findings: read(
    "/v1/findings",
    "findings",
    "Findings, newest first",
    z.object({ findings: z.array(api.findingOut) }),
    api.findingQuery,
  ),
  finding: read(
    "/v1/findings/{id}",
    "findings",
    "One finding with its arithmetic; id may be the beginning of its uid",
    api.findingOut,
  ),
  keys: read(
    "/v1/keys",
    "keys",
    "Keys seen in the last 90 days and those of the inventory, the one used last first",
    z.object({ keys: z.array(api.keyOut) }),
    api.keyQuery,
  ),
  key: read(
    "/v1/keys/{id}",
    "keys",
    "One key: inventory, habits, last use, posture; id is subject_uid, hint, name or principal",
    api.keyDetail,
  ),
  events: read(
    "/v1/events",
    "events",
    "Search over events, newest first; the last 24 hours unless told otherwise. A long search ends early, perhaps with nothing: `next` goes on",
    api.eventPage,
    api.eventQuery,
  ),
  event: read("/v1/event", "events", "One event with its redacted record", api.eventDetail, api.eventName),
  audit: read(
    "/v1/audit",
    "audit",
    "Who did what, newest first",
    z.object({ entries: z.array(api.auditOut) }),
    api.auditQuery,
  ),
};

export const silenceEndpoints = {
  list: read(
    "/v1/silences",
    "silences",
    "Silences that hold or will; all=1 with those that ended",
    z.object({ silences: z.array(api.silenceOut) }),
    z.strictObject({ all: z.enum(["0", "1"]).optional() }),
  ),
  add: defineEndpoint({
    method: "POST",
    path: "/v1/silences",
    tag: "silences",
    role: "admin",
    summary: "Keep messages about matching incidents back for a while",
    body: api.silenceBody,
    answer: api.silenceOut,
  }),
  expire: defineEndpoint({
    method: "POST",
    path: "/v1/silences/{id}/expire",
    tag: "silences",
    role: "admin",
    summary: "End a silence now",
    body: z.strictObject({}),
    answer: z.object({ changed: z.boolean() }),
  }),
};

export const sessionEndpoints = {
  show: defineEndpoint({
    method: "GET",
    path: "/v1/session",
    tag: "session",
    role: "none",
    summary: "Who this browser is, and its CSRF token",
    answer: api.session,
  }),
  open: defineEndpoint({
    method: "POST",
    path: "/v1/session",
    tag: "session",
    role: "none",
    summary: "Sign in: a token for an HttpOnly cookie",
    body: api.loginBody,
    answer: api.session,
  }),
  close: defineEndpoint({
    method: "DELETE",
    path: "/v1/session",
    tag: "session",
    role: "none",
    summary: "Sign out",
    answer: api.session,
  }),
};

/** allEndpoints in the order of the description. */
export const allEndpoints = () => [
  ...Object.values(incidentEndpoints),
  ...Object.values(exploreEndpoints),
  ...Object.values(silenceEndpoints),
  ...Object.values(sessionEndpoints),
];
