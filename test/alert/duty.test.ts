import { expect, test } from "vitest";
import { dutyOf } from "../../alert/duty.ts";
import type { TransitionKind } from "../../schemas/incident.ts";
import { storyOf } from "./support.ts";

const heard = { receipt: "" };

test.each<[TransitionKind[], boolean, string]>([
  [["opened"], false, "opens rises"],
  [["updated"], false, "opens rises"],
  [["opened", "acknowledged"], false, "opens rises acknowledges"],
  [["opened", "resolved"], false, "closes"],
  [["acknowledged"], true, "acknowledges"],
  [["commented"], true, ""],
  [["assigned"], true, ""],
  [["escalated"], true, "rises"],
  [["acknowledged", "escalated"], true, "rises acknowledges"],
  [["resolved"], true, "closes"],
  [["merged"], true, "closes"],
  [["resolved", "reopened"], true, "opens rises"],
  [["reopened", "acknowledged"], true, "opens rises acknowledges"],
  [["reopened", "resolved"], true, "closes"],
])("%j, heard of before: %s, means: %s", (kinds, before, expected) => {
  const duty = dutyOf(storyOf(kinds, { root: before ? heard : null }));
  const words = Object.entries(duty).flatMap(([word, does]) => (does ? [word] : []));
  expect(words.join(" ")).toBe(expected);
});
