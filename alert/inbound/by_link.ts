import type { Command, Incident, Verdict } from "../../schemas/incident.ts";
import { uuid5 } from "../../schemas/uid.ts";
import { oneLine } from "../clean.ts";
import { compose, type Message } from "../template.ts";
import { type Desk, type Handled, hand, isIncidentUid } from "./desk.ts";
import type { Link, LinkAction, LinkSigner } from "./link.ts";

/** LinkView is what opening a link shows. Nothing has changed by it. */
export type LinkView =
  | { kind: "ask"; action: LinkAction; to: string; confirmation: string; message: Message }
  | { kind: "expired" }
  | { kind: "unknown" };

export interface ByLink {
  view(token: string): Promise<LinkView>;
  /** Acts; `confirmation` is what the form of the page sends. */
  act(token: string, confirmation: string): Promise<Handled | { kind: "expired" } | { kind: "unconfirmed" }>;
}

export function createByLink(signer: LinkSigner, desk: Desk, now: () => number): ByLink {
  const linkOf = (token: string): Link | "expired" | null => {
    const link = signer.read(token);
    return link !== null && link.expires <= now() ? "expired" : link;
  };
  return {
    async view(token) {
      const link = linkOf(token);
      if (link === "expired") return { kind: "expired" };
      const incident = link && (await desk.get(link.incident));
      if (!link || !incident) return { kind: "unknown" };
      const { action, to } = link;
      return { kind: "ask", action, to, confirmation: signer.confirmation(token), message: messageOf(incident) };
    },
    async act(token, confirmation) {
      const link = linkOf(token);
      if (link === "expired") return { kind: "expired" };
      if (link === null) return { kind: "unknown" };
      if (!signer.confirms(token, confirmation)) return { kind: "unconfirmed" };
      const id = `link_${uuid5("link", token)}`;
      return await hand(
        desk,
        await commandOf(desk, link.action, link, { id, actor: oneLine(link.to, 200), at: now() }),
      );
    },
  };
}

const KINDS: Record<LinkAction, { kind: Command["kind"]; verdict: Verdict | null; note: string }> = {
  acknowledge: { kind: "acknowledge", verdict: null, note: "" },
  expected: { kind: "resolve", verdict: "expected", note: "" },
  yes: { kind: "suggest", verdict: "expected", note: "Yes, that was me." },
  no: { kind: "suggest", verdict: "true_positive", note: "No, that was not me." },
};

/** commandOf turns an action into a command; an answer is about the findings that the question showed, and no later ones. */
export async function commandOf(
  desk: Desk,
  action: LinkAction,
  about: { incident: string; n: number },
  by: { id: string; actor: string; at: number },
): Promise<Command> {
  const command: Command = { ...by, ...KINDS[action], incident_uid: about.incident, assignee: null };
  if (command.kind !== "suggest" || !isIncidentUid(about.incident) || !(await desk.get(about.incident))) return command;
  const shown = (await desk.transitions(about.incident)).findLast((t) => t.n <= about.n);
  return { ...command, finding_uids: shown?.state.finding_uids ?? [] };
}

/** messageOf shows an incident as a mail would, without any transition of its own. */
function messageOf(state: Incident): Message {
  const { uid: incident_uid, n, updated_at: at } = state;
  const line = { incident_uid, n, kind: "updated" as const, at, actor: "keywatch", command_id: "", note: "", state };
  return compose([line], { id: "", externalUrl: null, root: null });
}
