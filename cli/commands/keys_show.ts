import { openFindings } from "../../schemas/queries/keys.ts";
import { bestZone } from "../keys/hours.ts";
import { CommandFault } from "../out.ts";
import { openPosture } from "../posture.ts";
import { flag, type StoreCommand, text } from "./command.ts";
import { factsJson, gatherFacts } from "./keys_facts.ts";
import { findSubject } from "./keys_find.ts";
import { lineOf } from "./keys_list.ts";
import { declarationsNow } from "./keys_observed.ts";
import { printKey } from "./keys_show_text.ts";

/** The last days, in which habits show. */
const SPAN_DAYS = 90;

/** keysShow puts the profile of one key in words: who, since when, how much, where from, when, what, and what is known of it. */
export const keysShow: StoreCommand = async ({ app, args, out }) => {
  const name = text(args.key);
  if (name === null) throw new CommandFault("Name a key: keywatch keys show billing-report-bot.", 2);
  const declarations = await declarationsNow(app);
  const subject = await findSubject(app, name, declarations);
  const policy = declarations.of(subject);
  const facts = await gatherFacts(app, subject, policy, SPAN_DAYS);
  const open =
    (await app.store.ask(openFindings, {})).find((r) => r.subject_uid === subject.subject_uid)?.findings ?? 0;
  const posture = await openPosture(app.store);
  const head = lineOf(subject, policy, open, posture);
  const conditions = policy === null ? [] : (posture.get(policy.name) ?? []);
  const zone = policy?.zone ?? bestZone(facts.observed.countries);
  const profileZone = policy?.zone ?? "UTC";
  if (flag(args.json)) out.line(JSON.stringify({ ...head, ...factsJson(facts, zone, profileZone, SPAN_DAYS) }));
  else printKey(out, head, facts, { zone, profileZone, now: app.now(), spanDays: SPAN_DAYS, conditions });
  return 0;
};
