/** json_schemas writes schemas/json/ from the zod schemas; a test holds the files to them. `node .ci/json_schemas.ts` */
import { mkdirSync, writeFileSync } from "node:fs";
import { jsonSchemas } from "../schemas/json_schema.ts";

const folder = new URL("../schemas/json/", import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, schema] of Object.entries(jsonSchemas()))
  writeFileSync(new URL(`${name}.schema.json`, folder), `${JSON.stringify(schema, null, 2)}\n`);
