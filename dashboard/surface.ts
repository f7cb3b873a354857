import type { FastifyInstance } from "fastify";
import type { Config } from "../schemas/config.ts";
import type { Guard } from "./auth.ts";
import type { Backend } from "./backend.ts";
import type { EndedSessions } from "./ended_sessions.ts";

/** Surface is what a file of routes/ gets to register itself on. */
export interface Surface {
  server: FastifyInstance;
  http: Config["http"];
  backend: Backend;
  guard: Guard;
  ended: EndedSessions;
  /** guard.allow: refuses a request without the role, and gives the name of who asks. */
  allow: Guard["allow"];
}
