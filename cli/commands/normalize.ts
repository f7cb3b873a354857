import type { Readable } from "node:stream";
import { createFingerprinter, loadPepper } from "../../ingest/fingerprint.ts";
import { ocsfActivity } from "../../schemas/ocsf/activity.ts";
import type { Loaded } from "../load_config.ts";
import { count, type Out } from "../out.ts";
import { ingestParts, pepperAtHand } from "../parts.ts";
import { readFiles } from "../read_files.ts";

/** normalize prints the events that records become, one object a line; dead letters are told on standard error. */
export async function normalize(
  loaded: Loaded,
  options: { paths: string[]; provider: string; format: "flat" | "ocsf" },
  out: Out,
): Promise<number> {
  const parts = await ingestParts(loaded.config, { pepper: pepperAtHand(loaded.config) });
  const reasons = new Map<string, number>();
  for await (const { yielded } of readFiles(parts, {
    paths: options.paths,
    provider: options.provider,
    out,
    now: Date.now,
  })) {
    for (const event of yielded.events)
      out.line(JSON.stringify(options.format === "ocsf" ? ocsfActivity(event) : event));
    for (const { reason } of yielded.letters) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  for (const [reason, n] of reasons) out.note(`${count(n)} records could not be read: ${reason}.`);
  return 0;
}

/** fingerprint prints the key_uid of each key id on standard input, under this installation's pepper. */
export async function fingerprint(
  loaded: Loaded,
  options: { provider: string },
  input: Readable,
  out: Out,
): Promise<number> {
  const of = createFingerprinter(loadPepper({ directory: loaded.config.store.path, env: process.env }));
  let rest = "";
  const tell = (line: string) => {
    if (line.trim() !== "") out.line(of(options.provider, line.trim()));
  };
  for await (const chunk of input) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(tell);
  }
  tell(rest);
  return 0;
}
