import { expect, test } from "vitest";
import { canAnswer, questionOf, withAnswers } from "../../alert/answers.ts";
import { composeSum } from "../../alert/bundle.ts";
import { withTemplate } from "../../alert/own_words.ts";
import { slackMessage } from "../../alert/slack_blocks.ts";
import { links } from "./inbound/parts.ts";
import { messageOf, storyOf, T0 } from "./support.ts";

/** A message that tells of several incidents. */
const several = (kind: "group" | "digest") =>
  composeSum({
    ...{
      kind,
      id: "msg",
      groupUid: "00000000-0000-5000-8000-000000000000",
      externalUrl: "https://keywatch.example.com",
    },
    ...{ root: null, at: T0, counts: new Map([["medium" as const, 2]]), over: false },
    told: [1, 2].map((n) => {
      const { incident: state } = storyOf(["opened"], { from: n });
      return [
        {
          incident_uid: state.uid,
          n,
          kind: "opened" as const,
          at: T0,
          actor: "keywatch",
          command_id: "",
          note: "",
          state,
        },
      ];
    }),
  });

test.each(["group", "digest"] as const)(
  "a %s is about no one incident: nothing in it can be answered, silenced or asked",
  (kind) => {
    const message = several(kind);
    expect(canAnswer(message, "crew")).toBe(false);
    expect(JSON.stringify(slackMessage(message, "crew"))).not.toMatch(/keywatch_(acknowledge|expected|silence)/);
    expect(withAnswers(message, ["user@example.com"], "crew", links).links).toEqual(message.links);
    expect(questionOf(message)).not.toContain("Was this you");
  },
);

test("own words are for messages about keys: a digest keeps its own", () => {
  const own = { title: "{key}", do_now: ["Call {owner}."] };
  expect(withTemplate(several("digest"), own)).toEqual(several("digest"));
  expect(withTemplate(several("group"), own).steps[0]).toBe("Call team-finance.");
});

test("a test message and one that is over offer no answers", () => {
  expect(withAnswers({ ...messageOf(), test: true }, ["user@example.com"], "crew", links).links).toHaveLength(1);
  expect(withAnswers(storyOf(["opened", "resolved"]), ["user@example.com"], "crew", links).links).toHaveLength(1);
  expect(withAnswers(messageOf(), ["user@example.com"], "crew", links).links).toHaveLength(3);
});

test("without an address of keywatch's own, mails have nothing to answer by", () => {
  expect(withAnswers({ ...messageOf(), home: null }, ["user@example.com"], "crew", links).links).toHaveLength(1);
});
