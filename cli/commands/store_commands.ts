import { auditList } from "./audit.ts";
import { backtest } from "./backtest.ts";
import { backupCommand } from "./backup.ts";
import type { StoreCommand } from "./command.ts";
import { deadLettersList, deadLettersReplay } from "./dead_letters.ts";
import { deliveriesList, deliveriesReplay } from "./deliveries.ts";
import { detectionsExplain } from "./detections_explain.ts";
import { doctor } from "./doctor.ts";
import { eraseCommand } from "./erase.ts";
import { findingsList, findingsShow } from "./findings.ts";
import {
  incidentsAck,
  incidentsAssign,
  incidentsComment,
  incidentsList,
  incidentsReopen,
  incidentsResolve,
  incidentsShow,
} from "./incidents.ts";
import { ingest } from "./ingest.ts";
import { keysCommands } from "./keys.ts";
import { rebuildCommand } from "./rebuild.ts";
import { routesExplain } from "./routes.ts";
import { silenceAdd, silenceExpire, silenceList } from "./silence.ts";
import { sql } from "./sql.ts";

/** storeCommands are the commands that work on a store, by the words people type. */
export const storeCommands: Record<string, StoreCommand> = {
  ingest,
  ...Object.fromEntries(Object.entries(keysCommands).map(([word, command]) => [`keys ${word}`, command])),
  "incidents list": incidentsList,
  "incidents show": incidentsShow,
  "incidents ack": incidentsAck,
  "incidents assign": incidentsAssign,
  "incidents resolve": incidentsResolve,
  "incidents reopen": incidentsReopen,
  "incidents comment": incidentsComment,
  "silence add": silenceAdd,
  "silence list": silenceList,
  "silence expire": silenceExpire,
  "routes explain": routesExplain,
  "deliveries list": deliveriesList,
  "deliveries replay": deliveriesReplay,
  "findings list": findingsList,
  "findings show": findingsShow,
  "detections explain": detectionsExplain,
  backtest,
  rebuild: rebuildCommand,
  "dead-letters list": deadLettersList,
  "dead-letters replay": deadLettersReplay,
  "audit list": auditList,
  sql,
  doctor,
  backup: backupCommand,
  erase: eraseCommand,
};
