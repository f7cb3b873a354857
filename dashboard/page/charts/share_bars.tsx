import { count, percent } from "../format.ts";
import { Link } from "../router.tsx";

export interface Bar {
  name: string;
  detail?: string | null;
  value: number;
  /** Part of it that failed. */
  bad?: number;
  href?: string;
}

/** ShareBars lists names with the share of each, most first. */
export function ShareBars({ bars, total, empty }: { bars: Bar[]; total?: number; empty: string }) {
  const whole = total ?? bars.reduce((sum, b) => sum + b.value, 0);
  const most = Math.max(1, ...bars.map((b) => b.value));
  if (bars.length === 0) return <p class="soft">{empty}</p>;
  return (
    <ul class="shares">
      {bars.map((b) => (
        <li key={b.name}>
          <span class="share-name" title={b.name}>
            {b.href ? <Link href={b.href}>{b.name}</Link> : b.name}
            {b.detail && <span class="soft"> {b.detail}</span>}
          </span>
          <svg class="share-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
            <rect class="fill-quiet" width="100" height="6" />
            <rect class="fill-main" width={(100 * b.value) / most} height="6" />
            {b.bad ? <rect class="fill-bad" width={(100 * b.bad) / most} height="6" /> : null}
          </svg>
          <span class="share-number" title={`${count(b.value)} events`}>
            {whole === 0 ? "-" : percent(b.value / whole)}
          </span>
        </li>
      ))}
    </ul>
  );
}
