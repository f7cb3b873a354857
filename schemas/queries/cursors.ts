import { z } from "zod";
import { defineQuestion } from "../store/store.ts";

/** Up to when a source that is asked over its API was read, as ms in text. */
export const cursorOf = defineQuestion<{ name: string }, { value: string }>({
  name: "cursor",
  sql: "SELECT value FROM meta FINAL WHERE name = {name:String}",
  row: z.object({ value: z.string() }),
});
