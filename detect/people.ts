import type { DetectEvent } from "./detection.ts";
import { createMemo } from "./memo.ts";
import type { Sealed } from "./profile.ts";

/** Programs that people type into. */
const BY_HAND = /^(aws-cli|gcloud|azure-cli|azure-powershell|kubectl|S3Console|browser:.*|console\..*)$/;
const HOURS_OF_PEOPLE = 6;

const cache = createMemo<Sealed, { through: number; person: boolean }>();

/** isPerson tells the keys of people: the record says so, or only programs for people were used, at many hours. */
export function isPerson(event: DetectEvent, sealed: Sealed): boolean {
  if (event.principal_type !== "unknown") return event.principal_type === "human";
  const known = cache.get(sealed);
  if (known?.through === sealed.through) return known.person;
  const person = looksLikePerson(sealed);
  cache.set(sealed, { through: sealed.through, person });
  return person;
}

function looksLikePerson({ hours, values }: Sealed): boolean {
  const agents = [...values.agent.values.keys()];
  if (agents.length === 0 || !agents.every((a) => BY_HAND.test(a))) return false;
  const used = new Set<number>();
  for (const [cell, days] of hours.entries()) if (days > 0) used.add(cell % 24);
  return used.size >= HOURS_OF_PEOPLE;
}
