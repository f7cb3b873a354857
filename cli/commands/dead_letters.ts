import { isCut, isVerbatim } from "../../ingest/dead_letter.ts";
import { createNormalizer, emptyYield, type Normalizer, type Yield } from "../../ingest/normalizer.ts";
import { deadLetterReasons, deadLetters, openLetters, type StoredLetter } from "../../schemas/queries/dead_letters.ts";
import type { App } from "../app.ts";
import { markReplayed } from "../letters.ts";
import { count } from "../out.ts";
import { requireProvider } from "../read_files.ts";
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

const PAGE = 500;

/** deadLettersReplay reads letters again, from their redacted text; what succeeds becomes an event, once. What would lose by it stays, and is named. */
export const deadLettersReplay: StoreCommand = async ({ app, args, out }) => {
  const provider = text(args.provider) ?? "auto";
  requireProvider(app.parts.registry, provider);
  const readers = createReaders(app);
  const stay = new Map<string, number>();
  let looked = 0;
  let done = 0;
  let events = 0;
  let last = { position: "", uid: "" };
  for (;;) {
    const page = { uid: text(args.id) ?? "", position: last.position, after: last.uid, limit: PAGE };
    const letters = await app.store.ask(openLetters, page);
    if (letters.length === 0) break;
    last = letters.at(-1)!;
    looked += letters.length;
    const read: StoredLetter[] = [];
    const all = emptyYield();
    for (const letter of letters) {
      const reason = isCut(letter) ? CUT : readers.read(letter, provider, all);
      if (reason === null) read.push(letter);
      else stay.set(reason, (stay.get(reason) ?? 0) + 1);
    }
    events += all.events.length;
    done += read.length;
    await app.take(all);
    await markReplayed(app, read);
  }
  await app.save();
  out.line(
    `${count(done)} of ${count(looked)} dead letters could be read now and gave ${count(events)} events; ${count(looked - done)} stay.`,
  );
  for (const [reason, n] of [...stay].sort((a, b) => b[1] - a[1])) out.line(`${count(n)} × ${inert(reason)}`);
  if (stay.size > 0)
    out.line(
      "What was redacted or cut is whole in its source: `keywatch ingest <paths> --again` reads files anew, pushes have to be sent again.",
    );
  return 0;
};

const CUT = "it was cut at 64 KiB";

/** createReaders reads letters with one normalizer for each source, so that twins stay two and each has the position that it had. */
function createReaders(app: App) {
  const readers = new Map<string, { normalizer: Normalizer; at: number }>();

  function readAs(letter: StoredLetter, provider: string): Yield {
    const redacted = !isVerbatim(letter);
    const hash = letter.position.lastIndexOf("#");
    const position = letter.position.slice(0, hash);
    const name = `${provider} ${redacted} ${position}`;
    let reader = readers.get(name);
    if (!reader) {
      reader = { normalizer: createNormalizer(app.parts, { provider, position, now: app.now, redacted }), at: 0 };
      readers.set(name, reader);
    }
    const before = Number(letter.position.slice(hash + 1)) - 1;
    reader.normalizer.skip(before - reader.at);
    const yielded = emptyYield();
    reader.normalizer.read(Buffer.from(letter.raw), null, yielded);
    reader.at = before + yielded.records;
    return yielded;
  }

  return {
    /** Adds what a letter holds; gives the reason where it cannot be read. */
    read(letter: StoredLetter, wanted: string, into: Yield): string | null {
      let reason: string | null = null;
      for (const provider of providersFor(app, letter, wanted)) {
        const { events, dropped, letters, records } = readAs(letter, provider);
        if (letters.length > 0) {
          // The word of the provider that it came under says most.
          reason ??= letters[0]!.reason;
          continue;
        }
        into.records += records;
        for (const event of events) into.events.push(event);
        for (const [why, n] of dropped) into.dropped.set(why, (into.dropped.get(why) ?? 0) + n);
        return null;
      }
      return reason ?? letter.reason;
    },
  };
}

/** The provider that was asked for; else the one that it came under, then any. */
function providersFor(app: App, letter: StoredLetter, wanted: string): string[] {
  if (wanted !== "auto") return [wanted];
  return app.parts.registry.byId(letter.provider) === null ? ["auto"] : [letter.provider, "auto"];
}
