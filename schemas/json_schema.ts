import { z } from "zod";
import { apiActivity } from "./activity.ts";
import { config } from "./config.ts";
import { inventory } from "./inventory.ts";
import { ocsfApiActivity } from "./ocsf/activity_schema.ts";

type JsonSchema = Record<string, unknown>;

/**
 * jsonSchemas are the published schemas (JSON Schema 2020-12) by file name: what keywatch prints, and what people write for it. Made of the
 * zod schemas that check the same things at run time; faults between parts (a name that nobody has) only those find.
 */
export const jsonSchemas = (): Record<string, JsonSchema> => ({
  "api-activity": titled(
    "keywatch ApiActivity",
    "One normalised API call: `keywatch normalize --format flat`.",
    output(apiActivity),
  ),
  "ocsf-api-activity": titled(
    "keywatch OCSF 1.8.0 API Activity",
    "The part of OCSF class 6003 that `keywatch normalize --format ocsf` writes.",
    output(ocsfApiActivity),
  ),
  inventory: titled("keywatch inventory", "What the owner declares about keys.", input(inventory)),
  config: titled("keywatch.yaml", "The config of keywatch.", input(config)),
});

const output = (schema: z.ZodType): JsonSchema => z.toJSONSchema(schema, { target: "draft-2020-12", io: "output" });

/** Dates are texts, and any text may come from the environment or a file instead. */
const input = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, {
    target: "draft-2020-12",
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === "date") jsonSchema.type = "string";
      const { pattern, format, ...rest } = jsonSchema;
      if (jsonSchema.type !== "string" || (pattern === undefined && format === undefined)) return;
      for (const name of Object.keys(jsonSchema)) delete jsonSchema[name];
      const own = { ...(pattern === undefined ? {} : { pattern }), ...(format === undefined ? {} : { format }) };
      Object.assign(jsonSchema, rest, { anyOf: [own, { pattern: ELSEWHERE }] });
    },
  });
const ELSEWHERE = "^file:|\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}";

const titled = (title: string, description: string, { $schema, ...rest }: JsonSchema): JsonSchema => ({
  $schema,
  title,
  description,
  ...rest,
});
