import { createNormalizer, emptyYield } from "../../ingest/normalizer.ts";
import { iso } from "../../schemas/duration.ts";
import { deadLetterReasons, deadLetters, type StoredLetter } from "../../schemas/queries/dead_letters.ts";
import { count } from "../out.ts";
import { inert, printTable, shortTime } from "../table.ts";
import { flag, numberOr, type StoreCommand, text } from "./command.ts";

export const deadLettersList: StoreCommand = async ({ app, args, out }) => {
  const rows = await app.store.ask(deadLetters, {
    status: text(args.status) ?? "open",
    uid: "",
    limit: numberOr(args.limit, 50),
  });
  if (flag(args.json)) {
    for (const row of rows) out.line(JSON.stringify(row));
    return 0;
  }
  if (rows.length === 0) {
    out.line("No dead letters: every record could be read.");
    return 0;
  }
  const reasons = (await app.store.ask(deadLetterReasons, {})).filter((r) => r.status === "open");
  for (const r of reasons) out.line(`${count(r.n)} × ${inert(r.provider)}: ${inert(r.reason)}`);
  out.line("");
  printTable(
    out,
    ["ID", "PROVIDER", "READ (UTC)", "BYTES", "REASON", "BEGINS WITH"],
    rows.map((r) => [
      r.uid.slice(0, 8),
      r.provider,
      shortTime(r.ingested_ms),
      r.bytes,
      r.reason.slice(0, 50),
      r.raw.slice(0, Math.max(20, out.width - 110)),
    ]),
  );
  out.line("\n`keywatch dead-letters replay` reads them again, after the cause was mended.");
  return 0;
};

/** deadLettersReplay reads letters again, from their redacted text; what succeeds becomes an event, once. */
export const deadLettersReplay: StoreCommand = async ({ app, args, out }) => {
  const letters = await app.store.ask(deadLetters, { status: "open", uid: text(args.id) ?? "", limit: 100_000 });
  let read = 0;
  const done: StoredLetter[] = [];
  for (const letter of letters) {
    const normalizer = createNormalizer(app.parts, {
      provider: text(args.provider) ?? "auto",
      position: `replay:${letter.uid}`,
      now: app.now,
    });
    const yielded = emptyYield();
    normalizer.read(Buffer.from(letter.raw), null, yielded);
    if (yielded.events.length === 0 && yielded.dropped.size === 0) continue;
    // What fails again is the letter that is there already.
    await app.take({ ...yielded, letters: [] });
    read += yielded.events.length;
    done.push(letter);
  }
  const at = iso(app.now());
  await app.store.insert(
    "dead_letters",
    done.map(({ ingested_ms, ...l }) => ({ ...l, status: "replayed", ingested_at: iso(ingested_ms), updated_at: at })),
  );
  await app.save();
  out.line(
    `${count(done.length)} of ${count(letters.length)} dead letters could be read now and gave ${count(read)} events; ${count(letters.length - done.length)} stay.`,
  );
  return 0;
};
