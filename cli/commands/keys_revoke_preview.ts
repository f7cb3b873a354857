import { countryName, plural } from "../../detect/words.ts";
import { DAY_MS, formatDuration, iso } from "../../schemas/duration.ts";
import { type UserRow, usersOfKey } from "../../schemas/queries/revoke.ts";
import { CommandFault, count, type Out } from "../out.ts";
import { inert, shortTime } from "../table.ts";
import { flag, numberOr, type StoreCommand, text } from "./command.ts";
import { findSubject, NeverUsed } from "./keys_find.ts";
import { lineOf } from "./keys_list.ts";
import { declarationsNow, spanOf } from "./keys_observed.ts";

const MAX_USERS = 50;
const MAX_SHOWN = 12;

/** Use is one program at one place that would stop working; `regular` where it came on most days of its span. */
interface Use extends UserRow {
  regular: boolean;
}

/** keysRevokePreview tells who and what used a key in the last days: what breaks when it is revoked. */
export const keysRevokePreview: StoreCommand = async ({ app, args, out }) => {
  const name = text(args.key);
  if (name === null) throw new CommandFault("Name a key: keywatch keys revoke-preview billing-report-bot.", 2);
  const days = numberOr(args.days, 30);
  const now = app.now();
  const declarations = await declarationsNow(app);
  const declared = declarations.inventory?.keys.find((k) => k.name === name);
  const subject = await findSubject(app, name, declarations).catch((error: unknown) => {
    if (declared !== undefined && error instanceof NeverUsed) return null;
    throw error;
  });
  if (subject === null) {
    const advice = adviceOf([], null, declared?.honeytoken ?? false, days);
    out.line(
      flag(args.json)
        ? JSON.stringify({ kind: "revoke_preview", name, span_days: days, users: [], advice })
        : advice.join("\n"),
    );
    return 0;
  }
  const policy = declarations.of(subject);
  const head = lineOf(subject, policy, 0);
  const span = spanOf([subject], Math.floor(Math.max(0, now - days * DAY_MS)), now + 1);
  const rows = await app.store.ask(usersOfKey, { ...span, limit: MAX_USERS });
  const uses = rows.map((row): Use => ({ ...row, regular: isRegular(row, now) }));
  const successor = declarations.inventory?.keys.find((k) => k.rotation?.replaces === policy?.name) ?? null;
  const advice = adviceOf(uses, successor?.name ?? null, policy?.honeytoken ?? false, days);
  if (flag(args.json)) {
    const users = uses.map(({ first_ms, last_ms, ...u }) => ({
      ...u,
      first_used: iso(first_ms),
      last_used: iso(last_ms),
    }));
    out.line(
      JSON.stringify({
        ...head,
        kind: "revoke_preview",
        span_days: days,
        successor: successor?.name ?? null,
        users,
        advice,
      }),
    );
    return 0;
  }
  out.line(inert(`${head.name}  ${[head.provider, head.key_hint, head.account].filter(Boolean).join(" · ")}`));
  out.line(
    inert(
      `  ${head.owner ?? "no owner declared"}, ${head.environment ?? "no environment declared"}; held by ${head.principal_uid}`,
    ),
  );
  for (const line of advice) out.line(`  ${inert(line)}`);
  printUses(out, uses, now);
  return 0;
};

const isRegular = ({ days, first_ms, last_ms }: UserRow, now: number): boolean => {
  const span = Math.max(1, Math.ceil((last_ms - first_ms) / DAY_MS));
  // A job of working days is there on five of seven.
  return days >= 3 && days >= 0.4 * span && now - last_ms < 7 * DAY_MS;
};

function adviceOf(uses: readonly Use[], successor: string | null, trap: boolean, days: number): string[] {
  if (uses.length === 0)
    return [
      trap
        ? `Nobody used it in ${days} days, and it is a trap: leave it where it is.`
        : `Nobody used it in ${days} days: revoking it breaks nothing that was seen. Yearly jobs are seen by a longer --days.`,
    ];
  const regular = uses.filter((u) => u.regular);
  const writes = uses.reduce((sum, u) => sum + u.writes, 0);
  const advice = [
    `Revoking it breaks ${plural(regular.length, "regular use")} and ${plural(uses.length - regular.length, "other")} of the last ${days} days${uses.length === MAX_USERS ? " (or more)" : ""}.`,
  ];
  if (writes > 0) advice.push(`${plural(writes, "call")} wrote something: what is half done then has to be looked at.`);
  advice.push(
    successor === null
      ? "No successor is declared (`rotation.replaces`): make one, move the uses below over, and revoke it when this list is empty."
      : `Its successor is ${successor}: move the uses below over to it, and revoke this one when the list is empty.`,
  );
  return advice;
}

function printUses(out: Out, uses: readonly Use[], now: number): void {
  for (const u of uses.slice(0, MAX_SHOWN)) {
    const place =
      u.src_kind === "ip"
        ? `${u.as_org ?? u.network ?? "unknown"}${u.country === null ? "" : `, ${countryName(u.country)}`}`
        : `${u.src_kind} ${u.network ?? ""}`.trim();
    out.line("");
    out.line(inert(`  ${u.agent ?? "unnamed program"} from ${place}  (${u.principal ?? u.principal_uid})`));
    out.line(
      `    ${count(u.events)} calls on ${plural(u.days, "day")}, ${u.regular ? "regular" : "not regular"}; last ${shortTime(u.last_ms)} UTC, ${formatDuration(now - u.last_ms)} ago`,
    );
    out.line(
      inert(
        `    ${u.operations.join(", ")}${u.operation_count > u.operations.length ? ` and ${u.operation_count - u.operations.length} more` : ""}${u.writes > 0 ? `; ${count(u.writes)} writing` : "; all reading"}`,
      ),
    );
    if (u.resources.length > 0)
      out.line(
        inert(
          `    on ${u.resources.join(", ")}${u.resource_count > u.resources.length ? ` and ${u.resource_count - u.resources.length} more` : ""}`,
        ),
      );
    if (u.failures > 0) out.line(`    ${count(u.failures)} of them failed`);
  }
  if (uses.length > MAX_SHOWN) out.note(`${count(uses.length - MAX_SHOWN)} more; --json gives all of them.`);
}
