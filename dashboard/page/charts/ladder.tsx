import type { Rung } from "../../../schemas/http_api.ts";
import { plural } from "../format.ts";

const NAMES: Record<Rung["level"], string> = {
  country: "country",
  asn: "network owner",
  net: "network",
  ip: "address",
};

/** Ladder shows from the coarsest level down where the calls came from, and which of that the key never used before. */
export const Ladder = ({ rungs }: { rungs: Rung[] }) => (
  <ol class="ladder">
    {[...rungs].reverse().map((rung) => (
      <li key={rung.level} class={rung.values.some((v) => v.is_new) ? "rung-new" : ""}>
        <div class="rung-level">
          <strong>{NAMES[rung.level]}</strong>
          <span class="soft">{plural(rung.known, "known one").replace("known ones", "known")}</span>
        </div>
        <div>
          <ul class="chips">
            {rung.values.map((v) => (
              <li key={v.value} class={v.is_new ? "chip chip-new" : "chip"}>
                {v.label}
                <span class="chip-note">{v.is_new ? "new" : "known"}</span>
              </li>
            ))}
            {rung.values.length === 0 && <li class="soft">nothing is said of it</li>}
          </ul>
          <p class="soft">
            {rung.words}
            {rung.informative ? "" : ": this level cannot tell"}
          </p>
        </div>
      </li>
    ))}
  </ol>
);
