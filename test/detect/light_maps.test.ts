import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { add, drop, type LightMap, type LightSet, mapOf, noMap, noSet, put, setOf } from "../../detect/light_maps.ts";
import { openDay } from "../../detect/observe.ts";
import { emptyDay, emptyProfile, profileFrom, profileText } from "../../detect/profile.ts";
import { noteSession } from "../../detect/sessions.ts";
import { dayOf } from "../../schemas/duration.ts";
import { event, KEY, MONDAY } from "./make.ts";

const name = fc.constantFrom("a", "b", "c", "d");
const step = fc.oneof(
  fc.record({ kind: fc.constant("put" as const), name, value: fc.nat(9) }),
  fc.record({ kind: fc.constant("drop" as const), name }),
);

describe("the light forms of maps and sets", () => {
  test("say what a Map says, in its order, whatever is put and dropped", () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const plain = new Map<string, number>();
        let light: LightMap<string, number> = noMap;
        for (const s of steps) {
          if (s.kind === "put") {
            plain.set(s.name, s.value);
            light = put(light, s.name, s.value);
          } else {
            plain.delete(s.name);
            light = drop(light, s.name);
          }
          expect([...light]).toEqual([...plain]);
          expect([[...light.keys()], [...light.values()], light.size]).toEqual([
            [...plain.keys()],
            [...plain.values()],
            plain.size,
          ]);
          for (const key of ["a", "b", "c", "d"])
            expect([light.has(key), light.get(key)]).toEqual([plain.has(key), plain.get(key)]);
          expect([...mapOf([...light])]).toEqual([...plain]);
        }
        expect(noMap.size).toBe(0);
      }),
    );
  });

  test("say what a Set says, in its order, whatever is added", () => {
    fc.assert(
      fc.property(fc.array(name), (names) => {
        const plain = new Set<string>();
        let light: LightSet<string> = noSet;
        for (const value of names) {
          plain.add(value);
          light = add(light, value);
          expect([[...light], light.size, light.has("a")]).toEqual([[...plain], plain.size, plain.has("a")]);
          expect([...setOf([...light])]).toEqual([...plain]);
        }
        expect(noSet.size).toBe(0);
      }),
    );
  });

  test("a profile is written as it always was, with none, one and several entries, and comes back", () => {
    const profile = emptyProfile("aws:k1", "aws_cloudtrail");
    const day = emptyDay(3);
    day.values.ip = add(day.values.ip, "192.0.2.1");
    for (const net of ["192.0.2.0/24", "198.51.100.0/24"]) day.values.net = add(day.values.net, net);
    day.agents = put(day.agents, "boto3", [1, 2]);
    profile.days = put(profile.days, 3, day);
    const { values } = profile.sealed;
    values.ip.values = put(values.ip.values, "192.0.2.1", { first: 1, last: 2, days: 2 });
    const text = profileText(profile);
    const written = JSON.parse(text);
    expect(written.pending).toEqual({ $map: [] });
    expect(written.sealed.values.ip.values).toEqual({ $stats: ["192.0.2.1", 1, 2, 2] });
    expect(written.sealed.values.net.values).toEqual({ $map: [] });
    const [[number, first]] = written.days.$map;
    expect([number, first.values.ip, first.values.net, first.values.asn, first.agents]).toEqual([
      3,
      { $set: ["192.0.2.1"] },
      { $set: ["192.0.2.0/24", "198.51.100.0/24"] },
      { $set: [] },
      { $map: [["boto3", [1, 2]]] },
    ]);
    expect(profileText(profileFrom(text))).toBe(text);
  });

  test("a profile that came back takes what comes next", () => {
    const session = { session_uid: "s1", session_kind: "instance" as const };
    const profile = emptyProfile(KEY, "aws_cloudtrail");
    const day = openDay(profile, dayOf(MONDAY));
    noteSession(day, event({ time: MONDAY, ...session, asn: 64500 }), profile.sealed);
    const back = profileFrom(profileText(profile));
    for (const one of [profile, back])
      for (const [i, asn] of [64500, 64501, 64501].entries())
        noteSession(
          openDay(one, dayOf(MONDAY)),
          event({ event_uid: `e${i}`, time: MONDAY + i, ...session, asn }),
          one.sealed,
        );
    expect([...back.days.get(dayOf(MONDAY))!.sessions.get("s1")!.keys()]).toEqual(["AS64500", "AS64501"]);
    expect(profileText(back)).toBe(profileText(profile));
  });
});
