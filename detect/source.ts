import type { DetectEvent } from "./detection.ts";
import { asnValue } from "./observe.ts";
import { FORGET_DAYS } from "./profile.ts";
import { type LadderVerdict, ladder, type SourceLevel } from "./stats/novelty.ts";
import { paceOf } from "./values.ts";
import { isKnown, type View } from "./view.ts";

/** sourceValues names where a call came from, finest level first. */
export function sourceValues(event: DetectEvent): { level: SourceLevel; value: string }[] {
  const values: { level: SourceLevel; value: string }[] = [{ level: "ip", value: event.src_ip! }];
  if (event.src_net !== null) values.push({ level: "net", value: event.src_net });
  if (event.asn !== null) values.push({ level: "asn", value: asnValue(event.asn) });
  if (event.country !== null) values.push({ level: "country", value: event.country });
  return values;
}

/** judgeSource asks what the key's past says of the place of a call; null where nothing of it is new. */
export const judgeSource = (event: DetectEvent, view: View): LadderVerdict =>
  ladder(
    sourceValues(event).map(({ level, value }) => {
      const set = view.sealed.values[level];
      const { n, n1 } = set;
      // The pace is dear, and weighs new values only.
      if (isKnown(view, level, value)) return { level, isNew: false, n, n1 };
      return { level, isNew: true, n, n1, ...paceOf(set, view.sealed, FORGET_DAYS[level]) };
    }),
  );
