import { findingLine } from "../../schemas/wire.ts";
import { printExplanation } from "../detections/explain_text.ts";
import { explanationOf } from "../detections/series.ts";
import { flag, type StoreCommand } from "./command.ts";
import { findFinding } from "./findings.ts";

/** detectionsExplain tells why a finding was made, with a chart; --json gives the same structure. */
export const detectionsExplain: StoreCommand = async ({ app, args, out }) => {
  const finding = await findFinding(app, String(args.id));
  const explanation = await explanationOf(app.store, finding);
  if (flag(args.json)) {
    const whole = { ...finding, anomaly: { ...finding.anomaly, explanation } };
    out.line(JSON.stringify(findingLine(whole)));
  } else printExplanation(out, finding, explanation);
  return 0;
};
