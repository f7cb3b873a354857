import { describe, expect, test } from "vitest";
import { incidentsOf } from "../../alert/incident.ts";
import { compileRoute, explainRoute, labelMatches, labelsOf, routesOf } from "../../alert/route.ts";
import { parseMatcher } from "../../schemas/matcher.ts";
import { configOf, finding } from "./support.ts";

const receivers = ["all", "pager", "finance", "pci"].map((name) => ({ name, channels: [] }));
const tree = compileRoute(
  configOf({
    receivers,
    route: {
      receiver: "all",
      group_wait: "1m",
      routes: [
        { matchers: ['tag="pci"'], receiver: "pci", continue: true },
        {
          matchers: ['owner="team-finance"'],
          receiver: "finance",
          group_wait: "5s",
          routes: [{ matchers: ['severity=~"high|critical"'], receiver: "pager" }],
        },
        { matchers: ['provider!="aws_cloudtrail"'], receiver: "pager" },
      ],
    },
  }),
);
const to = (labels: Record<string, string>) => routesOf(tree, labels).map((r) => r.receiver);

describe("the route tree", () => {
  test.each<[string, Record<string, string>, string[]]>([
    ["nothing matches: the root answers", { provider: "aws_cloudtrail" }, ["all"]],
    ["first match wins", { provider: "github_audit", owner: "team-finance" }, ["finance"]],
    ["the deepest match answers", { owner: "team-finance", severity: "critical" }, ["pager"]],
    ["continue lets the next sibling speak as well", { tag: "pci", owner: "team-finance" }, ["pci", "finance"]],
    ["continue alone is enough", { tag: "pci", provider: "aws_cloudtrail" }, ["pci"]],
    ["a missing label is empty", {}, ["pager"]],
  ])("%s", (_name, labels, receivers) => expect(to(labels)).toEqual(receivers));

  test("children inherit what they do not say", () => {
    const [pager] = routesOf(tree, { owner: "team-finance", severity: "high" });
    expect(pager).toMatchObject({ group_wait: 5_000, group_interval: 300_000, repeat_interval: 14_400_000 });
    expect(routesOf(tree, { tag: "pci", provider: "aws_cloudtrail" })[0]).toMatchObject({ group_wait: 60_000 });
  });

  test("a route that says nothing waits 30 s, no route at all 5 s", () => {
    expect(compileRoute(configOf({ receivers, route: { receiver: "all" } })).group_wait).toBe(30_000);
    expect(compileRoute(configOf({}))).toMatchObject({ receiver: "console", group_wait: 5_000 });
  });
});

test.each<[string, Record<string, string>, boolean]>([
  ['detection="off_hours"', { detection: "new_source,off_hours" }, true],
  ['detection="off"', { detection: "new_source,off_hours" }, false],
  ['detection!="off_hours"', { detection: "new_source,off_hours" }, false],
  ['tag=~"pc."', { tag: "prod,pci" }, true],
  ['tag!~"pc."', { tag: "prod,pci" }, false],
  ['tag=""', { tag: "" }, true],
])("%s on %o is %s", (text, labels, expected) => expect(labelMatches(parseMatcher(text), labels)).toBe(expected));

test("labels of an incident", () => {
  expect(labelsOf(incidentsOf([finding()])[0]!)).toEqual({
    severity: "medium",
    provider: "aws_cloudtrail",
    environment: "production",
    owner: "team-finance",
    key_name: "billing-report-bot",
    detection: "new_source",
    account: "111122223333",
    tag: "pci",
    key_uid: "aws_cloudtrail:f00d",
    incident: expect.stringMatching(/^INC-[0-9a-f]{8}$/),
  });
});

test("explainRoute shows the way and what stood in it", () => {
  const { receivers: names, lines } = explainRoute(tree, {
    owner: "team-finance",
    severity: "low",
    provider: "aws_cloudtrail",
  });
  expect(names).toEqual(["finance"]);
  expect(lines).toEqual([
    "route {} passed through",
    '  route.routes[0] {tag="pci"} no: tag="" is not tag="pci"',
    '  route.routes[1] {owner="team-finance"} -> finance (group_wait 5s)',
    '    route.routes[1].routes[0] {severity=~"high|critical"} no: severity="low" is not severity=~"high|critical"',
    '  route.routes[2] {provider!="aws_cloudtrail"} no: provider="aws_cloudtrail" is not provider!="aws_cloudtrail"',
  ]);
});
