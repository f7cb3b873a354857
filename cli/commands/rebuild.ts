import { createInventoryIndex } from "../../detect/inventory_index.ts";
import { rebuild } from "../../detect/rebuild.ts";
import { findingUids } from "../../schemas/queries/findings.ts";
import { readInventory } from "../inventory_store.ts";
import { CommandFault, count, progressBar } from "../out.ts";
import { detectionEngine, faultTeller, latenessOf } from "../parts.ts";
import { postureIds } from "../posture.ts";
import { flag, type StoreCommand } from "./command.ts";

const MAX_NAMED = 8;

/**
 * rebuildCommand makes the profiles anew out of events and inventory. It needs the store for itself: what comes while it learns would be
 * learned twice or not at all.
 */
export const rebuildCommand: StoreCommand = async ({ app, args, out }) => {
  const { store, config, parts, now } = app;
  if (!flag(args.alone))
    throw new CommandFault("A keywatch runs on this data directory. Stop `serve` first, then rebuild.");
  if (config.kafka !== null)
    throw new CommandFault(
      "With `kafka`, each partition keeps its own profiles; a rebuild works on a keywatch in one process.",
    );
  const upto = app.writer.lastSeq();
  if (upto === 0) throw new CommandFault("The store holds no events. `keywatch ingest <paths>` reads logs.");
  const inventory = createInventoryIndex(await readInventory(store), parts.fingerprint);
  const began = performance.now();
  const done = await rebuild({
    store,
    engine: detectionEngine(config, parts, inventory, faultTeller(app.log)),
    now,
    latenessOf: latenessOf(config, parts),
    upto,
    onProgress: (n) => out.progress(progressBar(n, upto, `${count(n)} events`, performance.now() - began)),
  }).finally(() => out.progress(null));
  const stored = await store.ask(findingUids, {});
  const made = new Set(done.findings.map((f) => f.uid));
  const known = new Set(stored.map((r) => r.uid));
  const added = done.findings.filter((f) => !known.has(f.uid));
  const gone = stored.filter((r) => !made.has(r.uid) && !postureIds.includes(r.detection));
  const result = {
    events: done.events,
    profiles: done.profiles,
    findings: done.findings.length,
    same: done.findings.length - added.length,
    added: added.map((f) => f.uid),
    gone: gone.map((r) => r.uid),
  };
  if (flag(args.json)) out.line(JSON.stringify(result));
  else {
    out.line(`Learned ${count(done.profiles)} profiles from ${count(done.events)} events.`);
    out.line(
      `Its ${count(done.findings.length)} findings: ${count(result.same)} stand in the store, ${count(added.length)} do not; ${count(gone.length)} of the store were not found again.`,
    );
    if (added.length + gone.length > 0)
      out.note(
        `Late events, an inventory of a later day, other settings or another version find otherwise; the findings of the store were not touched. ${named("Only now", added)}${named("Only then", gone)}`.trim(),
      );
  }
  return 0;
};

function named(label: string, findings: readonly { uid: string; detection: string }[]): string {
  if (findings.length === 0) return "";
  const some = findings.slice(0, MAX_NAMED).map((f) => `${f.detection} ${f.uid.slice(0, 8)}`);
  return `${label}: ${some.join(", ")}${findings.length > MAX_NAMED ? " …" : ""}. `;
}
