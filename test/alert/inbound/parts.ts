import { createHmac } from "node:crypto";
import { createAlerter } from "../../../alert/alerter.ts";
import { createInbound, type Inbound } from "../../../alert/inbound/inbound.ts";
import { createLinkSigner } from "../../../alert/inbound/link.ts";
import { buttonValue } from "../../../alert/inbound/slack.ts";
import type { Config, ConfigText } from "../../../schemas/config.ts";
import type { Store } from "../../../schemas/store/store.ts";
import { configOf, fakeClock, MINUTE } from "../support.ts";

export const SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5";
export const links = createLinkSigner(Buffer.from("a pepper of more than sixteen bytes"));

/** desk is an alerter on a real store with its clock, and what answers come in by. */
export async function openDesk(
  store: Store,
  text: ConfigText,
  owners: Record<string, { email: string; slack: string }> = {},
  receivers?: Config["receivers"],
) {
  const clock = fakeClock();
  // Opened channels of a harness have their config read already.
  const named = receivers ? { ...text, receivers: receivers.map(({ name }) => ({ name })) } : text;
  const config = { ...configOf(named), ...(receivers ? { receivers } : {}) };
  const warnings: string[] = [];
  const alerter = await createAlerter({
    store,
    now: clock.now,
    random: () => 0,
    output: { write: () => {}, colour: false },
    links,
    ownerOf: async (owner) => owners[owner] ?? null,
    config,
  });
  const inbound: Inbound = createInbound({
    receivers: () => config.receivers,
    desk: alerter,
    links,
    now: clock.now,
    log: (_level, sentence) => void warnings.push(sentence),
  });
  /** Lets everything that is due be sent, retries too. */
  const settle = async () => {
    for (let i = 0; i < 6; i++) {
      clock.move(MINUTE);
      await alerter.tick();
    }
    await alerter.idle();
  };
  return { alerter, inbound, clock, settle, warnings };
}

export interface ClickOn {
  action: string;
  uid: string;
  n?: number;
  user?: string;
  ts?: string;
  responseUrl?: string;
}

/** clickBody is the form that Slack posts for a button, after its documented shape. */
export function clickBody({
  action,
  uid,
  n = 1,
  user = "ann",
  ts = "1772334729.000100",
  responseUrl,
}: ClickOn): string {
  const payload = {
    type: "block_actions",
    user: { id: `U0${user.toUpperCase()}`, username: user, name: user, team_id: "T0" },
    api_app_id: "A0",
    token: "deprecated-verification-token",
    container: { type: "message", message_ts: "17.0", channel_id: "C01", is_ephemeral: false },
    trigger_id: "12466734323.1395872398",
    team: { id: "T0", domain: "example" },
    channel: { id: "C01", name: "alerts" },
    ...(responseUrl ? { response_url: responseUrl } : {}),
    actions: [
      {
        type: "button",
        block_id: "b1",
        action_id: `keywatch_${action}`,
        text: { type: "plain_text", text: "x" },
        value: buttonValue(uid, n),
        action_ts: ts,
      },
    ],
  };
  return `payload=${encodeURIComponent(JSON.stringify(payload))}`;
}

/** slackHeaders sign a body as Slack does. */
export function slackHeaders(body: string, at: number, secret = SIGNING_SECRET): Record<string, string> {
  const ts = String(Math.floor(at / 1000));
  const mac = createHmac("sha256", secret).update(`v0:${ts}:${body}`).digest("hex");
  return {
    "content-type": "application/x-www-form-urlencoded",
    "x-slack-request-timestamp": ts,
    "x-slack-signature": `v0=${mac}`,
  };
}

export const PD_SECRET = "pd-webhook-secret-0123456789";

/** pagerdutyEvent is a webhook of version 3, after its documented shape. */
export function pagerdutyEvent(change: {
  type: string;
  key: string;
  at: number;
  id?: string;
  agent?: object | null;
  assignees?: object[];
}): string {
  const { type, key, at, id = `01${type}`, assignees = [] } = change;
  const person = {
    html_url: "https://example.pagerduty.com/users/P1",
    id: "P1",
    self: "https://api.pagerduty.com/users/P1",
    summary: "Bo Berg",
    type: "user_reference",
  };
  return JSON.stringify({
    event: {
      id,
      event_type: type,
      resource_type: "incident",
      occurred_at: new Date(at).toISOString(),
      agent: change.agent === undefined ? person : change.agent,
      client: { name: "PagerDuty" },
      data: {
        id: "PGR0VU2",
        type: "incident",
        self: "https://api.pagerduty.com/incidents/PGR0VU2",
        html_url: "https://example.pagerduty.com/incidents/PGR0VU2",
        number: 2,
        status: "acknowledged",
        incident_key: key,
        created_at: new Date(at).toISOString(),
        title: "A little bump in the road",
        service: { id: "PF9KMXH", summary: "keys", type: "service_reference" },
        assignees,
        urgency: "high",
      },
    },
  });
}

export const pagerdutySign = (body: string, secret = PD_SECRET): string =>
  `v1=${createHmac("sha256", secret).update(body).digest("hex")}`;
