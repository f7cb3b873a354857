/** openapi writes docs/openapi.json, the description of the API that a server gives at /v1/openapi.json; a test holds it to that. `node .ci/openapi.ts` */
import { writeFileSync } from "node:fs";
import { openApi } from "../dashboard/openapi.ts";

writeFileSync(new URL("../docs/openapi.json", import.meta.url), `${JSON.stringify(openApi(), null, 2)}\n`);
