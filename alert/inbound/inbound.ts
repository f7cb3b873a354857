import type { Config } from "../../schemas/config.ts";
import type { ChannelConfig } from "../../schemas/config_channels.ts";
import { escapeSlack } from "../clean.ts";
import { httpPost } from "../http_post.ts";
import { saySilence } from "../silence.ts";
import { type ByLink, commandOf, createByLink } from "./by_link.ts";
import { type Desk, type Handled, hand, isIncidentUid, within } from "./desk.ts";
import type { LinkSigner } from "./link.ts";
import { provenTokens, readOpsgenie } from "./opsgenie.ts";
import { originOf, SHARED } from "./origin.ts";
import { provenSecrets, readPagerduty, type Told } from "./pagerduty.ts";
import { createSeen, type Headers } from "./proof.ts";
import { quietFor } from "./quiet.ts";
import { type Click, mayAnswerAt, readClick, SKEW_MS, said, verifySlack } from "./slack.ts";

/** Reply is what a tool hears. Nothing of it repeats what the request said. */
export interface Reply {
  status: number;
  body: object;
}

/** Inbound takes what people and tools answer, and hands it in as commands. */
export interface Inbound {
  slack(headers: Headers, body: string): Promise<Reply>;
  pagerduty(headers: Headers, body: string): Promise<Reply>;
  opsgenie(headers: Headers, body: string): Promise<Reply>;
  link: ByLink;
}

export interface InboundParts {
  /** The receivers in force now. */
  receivers(): Config["receivers"];
  desk: Desk;
  links: LinkSigner;
  now(): number;
  log(level: "warn", sentence: string, facts: Record<string, unknown>): void;
}

/** Slack takes an answer for lost after 3 s; PagerDuty after 5. */
const SLACK_MS = 2_000;
const TOOL_MS = 4_000;
const ANSWER_MS = 5_000;

type Of<K extends ChannelConfig["kind"]> = Extract<ChannelConfig, { kind: K }>;

export function createInbound({ receivers, desk, links, now, log }: InboundParts): Inbound {
  const seen = createSeen(2 * SKEW_MS);
  const channels = <K extends ChannelConfig["kind"]>(kind: K): Of<K>[] =>
    receivers().flatMap((r) => r.channels.filter((c): c is Of<K> => c.kind === kind));

  /** tell shows something to who clicked alone. It is a courtesy: when it fails, nothing is lost. */
  async function tell(click: Click, text: string): Promise<void> {
    const url = click.responseUrl;
    const apiUrls = channels("slack").map((c) => c.api_url);
    if (url === null || !mayAnswerAt(url, apiUrls)) return;
    await httpPost({
      url,
      headers: { "content-type": "application/json; charset=utf-8" },
      body: JSON.stringify({ response_type: "ephemeral", replace_original: false, text: escapeSlack(text) }),
      timeoutMs: ANSWER_MS,
      signal: AbortSignal.timeout(ANSWER_MS),
      allowPrivate: true,
    });
  }

  async function clicked(click: Click): Promise<void> {
    const { action, incident, n } = click;
    if (action === "open") return;
    const by = { id: click.id, actor: click.actor, at: Math.min(click.at || now(), now()) };
    if (action === "silence") return await tell(click, await silence(incident, by));
    const command = await commandOf(desk, action, { incident, n }, by);
    const text = sentenceOf(await hand(desk, command));
    if (text !== null) await tell(click, text);
  }

  /** silence quiets the key for an hour and writes so into the incident's log; it says what holds now. */
  async function silence(uid: string, by: { id: string; actor: string; at: number }): Promise<string> {
    const incident = isIncidentUid(uid) ? await desk.get(uid) : null;
    if (incident === null) return said.unknown;
    const wanted = quietFor(incident, { ...by, at: now() });
    if (wanted === null) return said.nameless;
    const made = await desk.silence(wanted);
    if (made === null) return said.same(uid);
    const note = saySilence(made);
    const log = { kind: "comment" as const, incident_uid: uid, note, assignee: null, verdict: null };
    await hand(desk, { ...by, ...log, id: `${by.id}.silence` });
    return note;
  }

  async function toolTold(tool: string, told: Told): Promise<Reply> {
    if (told.kind === "nothing") return { status: 202, body: { taken: false, why: told.why } };
    const handled = await within(hand(desk, told.command), TOOL_MS);
    // The same delivery comes again, with the same id.
    if (handled === null) return { status: 503, body: { error: "It takes too long; send it again." } };
    if (handled.kind === "refused") log("warn", `What ${tool} told could not be done. ${handled.sentence}`, {});
    return { status: 202, body: { taken: handled.kind === "done", why: handled.kind } };
  }

  return {
    link: createByLink(links, desk, now),
    async slack(headers, body) {
      const secrets = channels("slack").flatMap((c) => c.signing_secret ?? []);
      const verified = verifySlack([...new Set(secrets)], headers, body, now(), seen);
      if (verified.kind === "refused") return { status: verified.status, body: { error: verified.reason } };
      const click = readClick(body);
      if (click === null) return { status: 200, body: {} };
      const work = clicked(click).then(
        () => true,
        async (error: unknown) => {
          log("warn", "A click in Slack could not be handled.", { error: String(error) });
          await tell(click, said.trouble);
          return false;
        },
      );
      // What takes longer goes on behind the answer; who clicked is told if it fails.
      return (await within(work, SLACK_MS)) === false ? { status: 503, body: {} } : { status: 200, body: {} };
    },
    async pagerduty(headers, body) {
      const all = channels("pagerduty").flatMap((c) => c.webhook_secrets ?? []);
      const [secret] = provenSecrets(all, headers, body);
      if (secret === undefined) return { status: 401, body: { error: "No signature is one of ours." } };
      return toolTold("PagerDuty", readPagerduty(body, originAmong(all, secret), now()));
    },
    async opsgenie(headers, body) {
      const all = channels("opsgenie").flatMap((c) => c.webhook_token ?? []);
      const [token] = provenTokens(all, headers);
      if (token === undefined) return { status: 401, body: { error: "The token is not one of ours." } };
      return toolTold("Opsgenie", readOpsgenie(body, originAmong(all, token), now()));
    },
  };
}

/** originAmong names the one channel that has this secret. */
const originAmong = (all: readonly string[], secret: string): string =>
  all.filter((s) => s === secret).length === 1 ? originOf(secret) : SHARED;

function sentenceOf(handled: Handled): string | null {
  switch (handled.kind) {
    case "done":
      return null;
    case "same":
      return said.same(handled.incident.uid);
    case "refused":
      return handled.sentence;
    case "unknown":
      return said.unknown;
  }
}
