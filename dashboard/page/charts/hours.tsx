import type { HoursChart } from "../../../schemas/http_api.ts";
import { count, dayName, plural } from "../format.ts";
import { useWidth } from "../hooks.ts";

const LEFT = 34;
const TOP = 18;
const GAP = 2;

type Shown = Pick<HoursChart, "cells" | "marks" | "zone" | "words">;

/** Hours draws the week of a key: the darker, the more of its days; what happened in the incident has a ring around it. */
export function Hours({ chart }: { chart: Shown }) {
  const [ref, width] = useWidth();
  const most = Math.max(1, ...chart.cells);
  const cell = Math.max(6, Math.min(26, (width - LEFT) / 24));
  const height = Math.min(20, Math.max(12, cell));
  const marked = new Map(chart.marks.map((m) => [m.hour, m.events]));
  return (
    <figure class="chart">
      <div ref={ref}>
        {width > 0 && (
          <svg
            width={LEFT + 24 * cell}
            height={TOP + 7 * height + 4}
            role="img"
            aria-label={`Hours of the week, ${chart.zone}. ${chart.words}`}
          >
            {[0, 6, 12, 18].map((h) => (
              <text key={h} class="tick" x={LEFT + h * cell} y={11}>
                {String(h).padStart(2, "0")}
              </text>
            ))}
            {[0, 1, 2, 3, 4, 5, 6].map((day) => (
              <text key={day} class="tick" x={0} y={TOP + day * height + height / 2 + 4}>
                {dayName(day)}
              </text>
            ))}
            {chart.cells.map((days, hour) => (
              <rect
                key={hour}
                class={days === 0 ? "heat-none" : "heat"}
                fill-opacity={days === 0 ? 1 : 0.18 + 0.82 * (days / most)}
                x={LEFT + (hour % 24) * cell}
                y={TOP + Math.floor(hour / 24) * height}
                width={cell - GAP}
                height={height - GAP}
                rx={2}
              >
                <title>
                  {`${dayName(Math.floor(hour / 24))} ${hour % 24}:00, ${plural(days, "active day")}${marked.has(hour) ? `; ${count(marked.get(hour) ?? 0)} events of the incident` : ""}`}
                </title>
              </rect>
            ))}
            {chart.marks.map(({ hour }) => (
              <rect
                key={hour}
                class="heat-mark"
                x={LEFT + (hour % 24) * cell - 1.5}
                y={TOP + Math.floor(hour / 24) * height - 1.5}
                width={cell - GAP + 3}
                height={height - GAP + 3}
                rx={3}
              />
            ))}
          </svg>
        )}
      </div>
      <figcaption>
        <ul class="legend">
          <li>
            <svg width="10" height="10" aria-hidden="true">
              <rect class="heat" width="10" height="10" rx="2" />
            </svg>
            days on which it worked at that hour
          </li>
          {chart.marks.length > 0 && (
            <li>
              <svg width="12" height="12" aria-hidden="true">
                <rect class="heat-mark" x="1" y="1" width="10" height="10" rx="2" />
              </svg>
              the incident
            </li>
          )}
          <li>{chart.zone}</li>
        </ul>
      </figcaption>
    </figure>
  );
}
