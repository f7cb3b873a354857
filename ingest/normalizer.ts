import { hash } from "node:crypto";
import type { ApiActivity } from "../schemas/activity.ts";
import { formatDuration, MAX_AHEAD_MS } from "../schemas/duration.ts";
import type { DeadLetter } from "./dead_letter.ts";
import { deadLetterOf } from "./dead_letter.ts";
import type { Enrich } from "./enrich/enrich.ts";
import { userAgentFamily } from "./enrich/user_agent.ts";
import { type Fingerprinter, keyHint } from "./fingerprint.ts";
import { keptText } from "./kept_text.ts";
import { createOccurrences, digestOf } from "./occurrences.ts";
import type { Draft, JsonObject, Provider } from "./provider.ts";
import { createRecent } from "./recent.ts";
import { standsForKey } from "./redact/match.ts";
import type { Redacted, Redactor } from "./redact/redactor.ts";
import { isAmbiguous, type Registry } from "./registry.ts";
import { resync } from "./sources/split.ts";

export interface NormalizerParts {
  registry: Registry;
  redactor: Redactor;
  fingerprint: Fingerprinter;
  enrich: Enrich;
}

/** Yield is what came out of a run of slices. Every record ends in exactly one of the four places. */
export interface Yield {
  events: ApiActivity[];
  letters: DeadLetter[];
  dropped: Map<string, number>;
  records: number;
}

/** Normalizer reads the records of one source, one after another; it keeps the occurrence counts of that source. */
export interface Normalizer {
  /** Adds what the bytes hold to the yield. `broken` is the splitter's reason where it already knows. */
  read(bytes: Buffer, broken: string | null, into: Yield): void;
  /** Passes over records that an earlier run stored; allowed only where `skippable` was still true then. */
  skip(records: number): void;
  /** False once the identity of a record depended on the ones before it. */
  readonly skippable: boolean;
}

export const emptyYield = (): Yield => ({ events: [], letters: [], dropped: new Map(), records: 0 });

export interface SourceContext {
  /** "auto", or the provider that the user named. */
  provider: string;
  /** Beginning of every position, such as `file:3f2a…`. */
  position: string;
  now: () => number;
  /** Number of the first record. */
  first?: number;
  /** The bytes are what redaction left of the records: no key and no identity may be drawn from what stands for a secret. */
  redacted?: boolean;
}

/** The oldest and newest event time that makes sense, ms: anything else is a broken clock. */
const MIN_TIME = Date.UTC(2000, 0, 1);
const MAX_TIME = Date.UTC(2100, 0, 1);
/** Longest text of each field, characters: a hostile record must not fill the store. */
const MAX_TEXT = 1024;
const MAX_RESOURCES = 32;
const MAX_RAW = 1024 * 1024;

/** createNormalizer wires parse, provider, redaction, fingerprint and enrichment for one source. */
export function createNormalizer(parts: NormalizerParts, context: SourceContext): Normalizer {
  const { registry, redactor } = parts;
  const named = context.provider === "auto" ? null : registry.byId(context.provider);
  if (context.provider !== "auto" && named === null) {
    throw new Error(`There is no provider "${context.provider}". Known are: auto, ${registry.ids().join(", ")}.`);
  }
  const occurrences = createOccurrences();
  let number = context.first ?? 0;
  let hint: Provider | null = null;

  let skippable = true;

  const occurrenceOf = (digest: string): number => {
    skippable = false;
    return occurrences(digest);
  };

  /** `text` is what may be kept of the bytes; their digest stays the letter's identity. */
  function letter(bytes: Buffer, provider: string, reason: string, into: Yield, text = bytes.toString("utf8")): void {
    into.letters.push(
      deadLetterOf({
        bytes,
        redacted: redactor.text(text).text,
        provider,
        reason,
        position: `${context.position}#${number}`,
        occurrence: occurrenceOf(hash("sha256", bytes, "base64")),
        now: context.now(),
      }),
    );
  }

  function readOne(bytes: Buffer, into: Yield): boolean {
    const text = bytes.toString("utf8");
    let record: unknown;
    try {
      record = JSON.parse(text);
    } catch {
      return false;
    }
    number++;
    into.records++;
    if (typeof record !== "object" || record === null || Array.isArray(record)) {
      letter(bytes, context.provider, "not a JSON object", into);
      return true;
    }
    normalizeOne(text, record as JsonObject, bytes, into);
    return true;
  }

  function normalizeOne(text: string, record: JsonObject, bytes: Buffer, into: Yield): void {
    const provider = named ?? recognise(record);
    if (typeof provider === "string") {
      letter(bytes, "unknown", provider, into);
      return;
    }
    hint = provider;
    const outcome = normalizeSafely(provider, record);
    if (outcome.kind === "drop") {
      into.dropped.set(outcome.reason, (into.dropped.get(outcome.reason) ?? 0) + 1);
      return;
    }
    const kept = provider.kept === undefined ? record : keptSafely(provider, record);
    if (outcome.kind === "dead_letter") {
      letter(bytes, provider.id, outcome.reason, into, kept === record ? text : JSON.stringify(kept));
      return;
    }
    const drafts = Array.isArray(outcome.value) ? outcome.value : [outcome.value];
    const reason =
      drafts.length === 0
        ? "holds no call"
        : (oddTime(drafts, context.now()) ?? (context.redacted ? lostByRedaction(drafts) : null));
    if (reason !== null) {
      letter(bytes, provider.id, reason, into, kept === record ? text : JSON.stringify(kept));
      return;
    }
    const redacted = redactor.record(
      kept === record ? text : keptText(text, record, kept),
      kept,
      keyIdsOf(drafts),
      kept !== record,
    );
    let fallback: string | null = null;
    for (const [i, draft] of drafts.entries()) {
      if (draft.event_uid === null) fallback ??= drawnUid(provider.id, bytes, draft.time === null);
      const base = draft.event_uid ?? fallback!;
      into.events.push(activity(provider, draft, drafts.length > 1 ? `${base}/${i}` : base, redacted));
    }
  }

  function recognise(record: JsonObject): Provider | string {
    const answer = registry.recognise(record, hint);
    if (answer === null) return "no provider knows this shape; name one with --provider or map it under `generic`";
    if (isAmbiguous(answer)) return `${answer.ambiguous.join(" and ")} both claim it; name one with --provider`;
    return answer;
  }

  /**
   * Identity for records without one: provider, bytes, and which of their twins in this source it is. One without a time could be any call
   * of its kind, so it is itself in its own source only: the same file, the same Idempotency-Key.
   */
  function drawnUid(provider: string, bytes: Buffer, timeless: boolean): string {
    const digest = digestOf(`${provider}\0${timeless ? `${context.position}\0` : ""}`, bytes);
    const n = occurrenceOf(digest);
    return n === 0 ? digest : `${digest}-${n}`;
  }

  function activity(provider: Provider, d: Draft, uid: string, redacted: Redacted): ApiActivity {
    const clean = (text: string | null): string | null => (text === null ? null : cut(redacted.scrub(text)));
    const now = context.now();
    const key_uid = d.key_id === null ? null : parts.fingerprint(provider.id, d.key_id);
    const account = clean(d.account);
    // A source that is no address is free text of the log.
    const place = parts.enrich(d.source === null ? null : redacted.scrub(d.source));
    // Where only the key names its holder, the fingerprint does: two keys may have one hint.
    const holder = d.principal_uid !== null && d.principal_uid === d.key_id ? key_uid : clean(d.principal_uid);
    const principal_uid = holder ?? `${account ?? provider.id}:unnamed`;
    const user_agent = clean(d.user_agent);
    const resources = d.resources.slice(0, MAX_RESOURCES).map((r) => cut(redacted.scrub(r)));
    for (const id of d.key_resources) resources.push(`key:${parts.fingerprint(provider.id, id)}`);
    for (const id of d.enabled_keys ?? none) resources.push(`key_enabled:${parts.fingerprint(provider.id, id)}`);
    return {
      event_uid: redacted.found.length === 0 ? cut(uid) : cut(cleanUid(provider.id, uid, redacted)),
      provider: provider.id,
      account,
      time: d.time ?? now,
      ingested_at: now,
      seq: 0,
      key_uid,
      key_hint: d.key_id === null ? null : hintOf(d.key_id),
      key_type: d.key_type,
      subject_uid: d.key_type === "long_lived" && key_uid !== null ? key_uid : `${provider.id}:${principal_uid}`,
      session_uid: clean(d.session_uid),
      session_kind: d.session_kind,
      principal_uid,
      principal: clean(d.principal),
      principal_type: d.principal_type,
      operation: cut(redacted.scrub(d.operation)),
      service: clean(d.service),
      verb_class: d.verb_class,
      outcome: d.outcome,
      error_code: clean(d.error_code),
      status_code: d.status_code,
      src_kind: place.src_kind,
      src_ip: place.src_ip,
      src_net: place.src_net,
      asn: place.asn,
      as_org: place.as_org,
      country: place.country,
      region_geo: place.region_geo,
      city: place.city,
      lat: place.lat,
      lon: place.lon,
      hosting: place.hosting,
      vpc_endpoint: clean(d.vpc_endpoint),
      user_agent,
      user_agent_family: userAgentFamily(user_agent),
      region: clean(d.region),
      resources,
      environment: clean(d.environment),
      scopes: d.scopes.length === 0 ? none : d.scopes.slice(0, MAX_RESOURCES).map((s) => cut(redacted.scrub(s))),
      bytes_out: d.bytes_out,
      secrets: redacted.found.length === 0 ? none : redacted.found.map((s) => `${s.kind}@${s.path}`),
      raw:
        redacted.raw.length > MAX_RAW
          ? JSON.stringify({ keywatch: "raw left out", bytes: redacted.raw.length })
          : redacted.raw,
      position: `${context.position}#${number}`,
    };
  }

  /** An id in which a secret stands goes as its fingerprint: still one for one record, and the same each time. */
  function cleanUid(provider: string, uid: string, redacted: Redacted): string {
    return redacted.scrub(uid) === uid ? uid : parts.fingerprint(provider, uid);
  }

  return {
    get skippable() {
      return skippable;
    },
    skip(records) {
      number += records;
    },
    read(bytes, broken, into) {
      if (broken === null && readOne(bytes, into)) return;
      for (const slice of broken === null ? resync(bytes) : [{ bytes, broken }]) {
        if (slice.broken === null && readOne(slice.bytes, into)) continue;
        number++;
        into.records++;
        const text = registry.torn(slice.bytes.toString("utf8"));
        letter(slice.bytes, context.provider, slice.broken ?? "not JSON", into, text);
      }
    },
  };
}

const hints = createRecent<string>(14, 256);

function hintOf(keyId: string): string {
  let hint = hints.get(keyId);
  if (hint === undefined) {
    hint = keyHint(keyId);
    hints.set(keyId, hint);
  }
  return hint;
}

/** A fault in one mapping must not stop the file: the record is kept as a dead letter. */
function normalizeSafely(provider: Provider, record: JsonObject): ReturnType<Provider["normalize"]> {
  try {
    return provider.normalize(record);
  } catch (cause) {
    return {
      kind: "dead_letter",
      reason: `${provider.id} could not read it: ${(cause as Error).message.slice(0, 200)}`,
      cause,
    };
  }
}

/** What a faulty mapping may keep is unknown, so nothing is. */
function keptSafely(provider: Provider, record: JsonObject): JsonObject {
  try {
    return provider.kept?.(record) ?? record;
  } catch {
    return {};
  }
}

/** oddTime says what is wrong with the time of a record that arrived `now`; null where nothing is. */
function oddTime(drafts: readonly Draft[], now: number): string | null {
  for (const { time } of drafts) {
    if (time === null) continue;
    if (!(time >= MIN_TIME && time <= MAX_TIME)) return `event time ${time} is not between 2000 and 2100`;
    if (time > now + MAX_AHEAD_MS)
      return `event time is ${formatDuration(time - now)} after its arrival: the clock that wrote it or this one is wrong`;
  }
  return null;
}

/** lostByRedaction says what the text no longer holds that the event would need; null where it is all there. */
function lostByRedaction(drafts: readonly Draft[]): string | null {
  if (keyIdsOf(drafts).some(standsForKey)) return "its key was redacted";
  return drafts.some((d) => d.event_uid === null) ? "it has no id of its own, and a part of it was redacted" : null;
}

/** One for all that have none; nobody adds to it. */
const none: string[] = [];
function keyIdsOf(drafts: readonly Draft[]): readonly string[] {
  let ids: string[] | null = null;
  for (const d of drafts) {
    if (d.key_id !== null) {
      ids ??= [];
      if (!ids.includes(d.key_id)) ids.push(d.key_id);
    }
    for (const named of [d.key_resources, d.enabled_keys ?? none]) {
      for (const id of named) {
        ids ??= [];
        if (!ids.includes(id)) ids.push(id);
      }
    }
  }
  return ids ?? none;
}

/** cut bounds a text and mends lone surrogates, so that what is stored equals what is compared. */
function cut(text: string): string {
  const bounded = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
  return bounded.isWellFormed() ? bounded : bounded.toWellFormed();
}
