import { iso } from "./duration.ts";
import type { Finding } from "./finding.ts";
import type { Incident } from "./incident.ts";

/** findingLine is the public NDJSON form of a finding (DESIGN.md, section 6): additive changes only. `kind` says what the line is. */
export const findingLine = ({ kind, ...f }: Finding): object => ({
  kind: "finding",
  ...f,
  detection_kind: kind,
  bucket: iso(f.bucket),
  first_seen: iso(f.first_seen),
  last_seen: iso(f.last_seen),
});

/** incidentLine is the public NDJSON form of an incident. */
export const incidentLine = (i: Incident): object => ({
  kind: "incident",
  ...i,
  first_seen: iso(i.first_seen),
  last_seen: iso(i.last_seen),
  opened_at: iso(i.opened_at),
  updated_at: iso(i.updated_at),
});
