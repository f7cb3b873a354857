import { fail, type OwnerAddress, retry, type SendResult, type Surroundings } from "./channel.ts";
import { oneLine } from "./clean.ts";
import { LINK_MS, type LinkAction, type LinkSigner } from "./inbound/link.ts";
import { isOver } from "./labels.ts";
import type { Message } from "./template.ts";

/** Who is asked: those who handle incidents, or the key's owner alone. */
export type Answerers = "crew" | "owner";

/** canAnswer is false where nothing is left to say: it is over, the owner has answered, or it tells of many incidents or none. */
export const canAnswer = ({ incident, test, bundle }: Message, who: Answerers): boolean =>
  !test && bundle === undefined && !isOver(incident) && (who === "crew" || !incident.suggested);

/** questionOf is what the owner is asked, in one sentence a person understands without knowing keywatch. */
export function questionOf({ incident, key, title, bundle }: Message): string {
  if (bundle) return title;
  const from = incident.from ? ` from ${incident.from}` : "";
  const { suggested } = incident;
  if (suggested) return `${suggested.by} answered: ${suggested.verdict === "expected" ? "yes" : "no"}. Thank you.`;
  if (isOver(incident)) return "This is over; no answer is needed any more.";
  return oneLine(`Was this you? The key ${key} of ${incident.owner ?? "yours"} was used${from}.`, 500);
}

/** withAnswers adds signed addresses to a mail. They work for a week, and only open a page that asks once more. */
export function withAnswers(message: Message, to: readonly string[], who: Answerers, links?: LinkSigner): Message {
  const { home, incident, to_n: n, at } = message;
  const asking = who === "owner" ? { ...message, changes: [questionOf(message), ...message.changes] } : message;
  if (!links || home === null || !canAnswer(message, who)) return asking;
  const address = (action: LinkAction) => {
    const by = `${oneLine(to.join(", "), 120)} (mail)`;
    const token = links.sign({ incident: incident.uid, action, to: by, n, expires: at + LINK_MS });
    return `${home}/answer?t=${token}`;
  };
  const answers: [string, LinkAction][] =
    who === "owner"
      ? [
          ["Yes, that was me", "yes"],
          ["No, that was not me", "no"],
        ]
      : [
          ...(incident.status === "acknowledged" ? [] : [["Acknowledge", "acknowledge"] as [string, LinkAction]]),
          ["It was expected", "expected"],
        ];
  return {
    ...asking,
    links: [...answers.map(([label, action]) => ({ label, url: address(action) })), ...message.links],
  };
}

/** ownerAddress is where the owner of the key is asked, or why nobody can be. */
export async function ownerAddress(
  { incident: { owner } }: Message,
  by: keyof OwnerAddress,
  ownerOf: Surroundings["ownerOf"],
): Promise<string[] | SendResult> {
  if (owner === null) return fail("rejected", "The key has no owner in the inventory, so nobody can be asked.");
  let address: OwnerAddress | null | undefined;
  try {
    address = await ownerOf?.(owner);
  } catch {
    return retry("unreachable", "The inventory could not be read.");
  }
  const place = address?.[by] ?? null;
  if (place !== null) return [place];
  return fail("rejected", `The inventory has no owners["${oneLine(owner, 80)}"].${by}, so the owner cannot be asked.`);
}
