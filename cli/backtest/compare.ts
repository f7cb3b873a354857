import type { Finding } from "../../schemas/finding.ts";
import type { Severity } from "../../schemas/severity.ts";
import type { Notice, Rehearsed } from "./rehearsal.ts";

export interface Comparison {
  /** Messages that only one of the configs sends, and those that both send with another severity or at another time. */
  notices: { added: Notice[]; removed: Notice[]; changed: { before: Notice; after: Notice }[] };
  findings: {
    added: Finding[];
    removed: Finding[];
    regraded: { finding: Finding; before: Severity; after: Severity }[];
  };
}

/** compare tells what changes from one config to the other. */
export function compare(before: Rehearsed, after: Rehearsed): Comparison {
  const [was, is] = [byId(before.notices), byId(after.notices)];
  const known = new Map(before.findings.map((f) => [f.uid, f]));
  const still = new Set(after.findings.map((f) => f.uid));
  return {
    notices: {
      added: [...is].filter(([id]) => !was.has(id)).map(([, n]) => n),
      removed: [...was].filter(([id]) => !is.has(id)).map(([, n]) => n),
      changed: [...is].flatMap(([id, n]) => {
        const other = was.get(id);
        return other && (other.at !== n.at || other.severity !== n.severity) ? [{ before: other, after: n }] : [];
      }),
    },
    findings: {
      added: after.findings.filter((f) => !known.has(f.uid)),
      removed: before.findings.filter((f) => !still.has(f.uid)),
      regraded: after.findings.flatMap((finding) => {
        const other = known.get(finding.uid);
        return other && other.severity !== finding.severity
          ? [{ finding, before: other.severity, after: finding.severity }]
          : [];
      }),
    },
  };
}

/** A message is the same where it tells the same of an incident to the same channel, the n-th time. */
function byId(notices: readonly Notice[]): Map<string, Notice> {
  const found = new Map<string, Notice>();
  const times = new Map<string, number>();
  for (const n of notices) {
    const what = n.kinds.find((k) => k !== "updated") ?? "updated";
    const id = [n.incident_uid, n.receiver, n.channel, what].join("\n");
    const nth = (times.get(id) ?? 0) + 1;
    times.set(id, nth);
    found.set(`${id}\n${nth}`, n);
  }
  return found;
}
