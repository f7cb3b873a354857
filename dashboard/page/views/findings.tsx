import type { FindingOut } from "../../../schemas/http_api.ts";
import { percent, plural, words } from "../format.ts";
import { Facts, Severity, Time } from "../parts.tsx";

const shown = (value: unknown): string =>
  value === null || value === undefined ? "-" : Array.isArray(value) ? value.join(", ") : String(value);

export const FindingList = ({ findings }: { findings: FindingOut[] }) => (
  <ul class="findings">
    {findings.map((f) => (
      <li key={f.uid}>
        <p>
          <Severity of={f.severity} /> <strong>{f.title}</strong>{" "}
          <span class="soft">
            {words(f.detection)} · <Time at={f.first_seen} /> · {plural(f.event_count, "event")}
          </span>
        </p>
        <ul class="reasons">
          {f.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
        <details>
          <summary>Arithmetic, and what would have kept it quiet</summary>
          <Facts
            of={[
              ["Measured", f.anomaly.parameter],
              ["Observed", shown(f.anomaly.observed)],
              ["Expected", shown(f.anomaly.expected)],
              ["Chance by its own past", f.anomaly.p === null ? "not reckoned" : percent(f.anomaly.p)],
              ["History", `${plural(f.anomaly.history.days, "day")}, ${plural(f.anomaly.history.events, "event")}`],
              ...Object.entries(f.anomaly.facts).map(([k, v]): [string, string] => [words(k), shown(v)]),
            ]}
          />
          <ul>
            {f.quiet_if.map((q) => (
              <li key={q}>{q}</li>
            ))}
          </ul>
        </details>
      </li>
    ))}
  </ul>
);
