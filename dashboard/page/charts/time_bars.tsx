import { useState } from "preact/hooks";
import { count, minute, short } from "../format.ts";
import { useWidth } from "../hooks.ts";
import { nice, ticks } from "./scale.ts";

export interface Series {
  name: string;
  /** Class that gives the colour. */
  fill: string;
  values: Map<number, number>;
}

interface Props {
  title: string;
  from: number;
  to: number;
  step: number;
  series: Series[];
  height?: number;
  /** Calls usual for the key, drawn behind. */
  band?: { low: number; high: number; mean: number } | null;
  /** Span to be marked. */
  mark?: { from: number; to: number };
}

const LEFT = 40;
const BOTTOM = 20;
const TOP = 8;

/** TimeBars stacks counts over time. What is pointed at is told below in words, and all of it stands in a table behind. */
export function TimeBars({ title, from, to, step, series, height = 150, band = null, mark }: Props) {
  const [ref, width] = useWidth();
  const [at, setAt] = useState<number | null>(null);
  const start = Math.floor(from / step) * step;
  const slots: number[] = [];
  for (let t = start; t < to; t += step) slots.push(t);
  const total = (t: number) => series.reduce((sum, s) => sum + (s.values.get(t) ?? 0), 0);
  const top = nice(Math.max(1, ...slots.map(total), band?.high ?? 0));
  const plot = { width: Math.max(10, width - LEFT - 4), height: height - BOTTOM - TOP };
  const x = (t: number) => LEFT + ((t - start) / (slots.length * step)) * plot.width;
  const slotOf = (t: number) => Math.floor(t / step) * step;
  const y = (n: number) => TOP + plot.height * (1 - n / top);
  const bar = Math.max(1, plot.width / slots.length - (plot.width / slots.length > 4 ? 1.5 : 0));
  const point = (event: PointerEvent) => {
    const box = (event.currentTarget as SVGElement).getBoundingClientRect();
    const i = Math.floor(((event.clientX - box.left - LEFT) / plot.width) * slots.length);
    setAt(slots[i] ?? null);
  };
  const sums = series.map((s) => `${count([...s.values.values()].reduce((a, b) => a + b, 0))} ${s.name}`).join(", ");
  return (
    <figure class="chart">
      <div ref={ref}>
        {width > 0 && (
          <svg
            width={width}
            height={height}
            role="img"
            aria-label={`${title}: ${sums}`}
            onPointerMove={point}
            onPointerLeave={() => setAt(null)}
          >
            {mark && (
              <rect
                class="mark"
                x={x(slotOf(mark.from)) - 1}
                width={Math.max(4, x(slotOf(mark.to)) - x(slotOf(mark.from)) + bar + 2)}
                y={TOP}
                height={plot.height}
              />
            )}
            {band && (
              <>
                <rect
                  class="band"
                  x={LEFT}
                  width={plot.width}
                  y={y(Math.min(top, band.high))}
                  height={Math.max(1, y(band.low) - y(Math.min(top, band.high)))}
                />
                <line class="band-mean" x1={LEFT} x2={LEFT + plot.width} y1={y(band.mean)} y2={y(band.mean)} />
              </>
            )}
            {[0, top / 2, top].map((n) => (
              <g key={n}>
                <line class="grid" x1={LEFT} x2={LEFT + plot.width} y1={y(n)} y2={y(n)} />
                <text class="tick" x={LEFT - 6} y={y(n) + 4} text-anchor="end">
                  {Number.isInteger(n) || top > 5 ? short(n) : ""}
                </text>
              </g>
            ))}
            {ticks(from, to, plot.width).map((t) => (
              <text
                key={t.at}
                class="tick"
                x={x(t.at)}
                y={height - 5}
                text-anchor={x(t.at) > LEFT + plot.width - 24 ? "end" : "middle"}
              >
                {t.text}
              </text>
            ))}
            {slots.map((t) => {
              let below = 0;
              return series.map((s) => {
                const n = s.values.get(t) ?? 0;
                if (n === 0) return null;
                below += n;
                const h = Math.max(1, y(below - n) - y(below));
                return <rect key={`${s.name}${t}`} class={s.fill} x={x(t)} y={y(below)} width={bar} height={h} />;
              });
            })}
            {at !== null && <rect class="cursor" x={x(at)} width={Math.max(1, bar)} y={TOP} height={plot.height} />}
          </svg>
        )}
      </div>
      <figcaption>
        {at === null ? (
          <Legend series={series} band={band !== null} marked={mark !== undefined} />
        ) : (
          <span>
            {minute(at)} UTC · {series.map((s) => `${count(s.values.get(at) ?? 0)} ${s.name}`).join(" · ")}
          </span>
        )}
      </figcaption>
      <details class="as-table">
        <summary>As a table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">From (UTC)</th>
              {series.map((s) => (
                <th key={s.name} scope="col">
                  {s.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {slots
              .filter((t) => total(t) > 0)
              .map((t) => (
                <tr key={t}>
                  <td>{minute(t)}</td>
                  {series.map((s) => (
                    <td key={s.name}>{count(s.values.get(t) ?? 0)}</td>
                  ))}
                </tr>
              ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

const Legend = ({ series, band, marked }: { series: Series[]; band: boolean; marked: boolean }) => (
  <ul class="legend">
    {series.map((s) => (
      <li key={s.name}>
        <svg width="10" height="10" aria-hidden="true">
          <rect class={s.fill} width="10" height="10" rx="2" />
        </svg>
        {s.name}
      </li>
    ))}
    {band && (
      <li>
        <svg width="10" height="10" aria-hidden="true">
          <rect class="band" width="10" height="10" rx="2" />
        </svg>
        usual when it is active
      </li>
    )}
    {marked && (
      <li>
        <svg width="10" height="10" aria-hidden="true">
          <rect class="mark" width="10" height="10" rx="2" />
        </svg>
        the incident
      </li>
    )}
  </ul>
);
