import { definePolicy } from "../detection.ts";
import { placeWords } from "../words.ts";

export default definePolicy({
  id: "outside_allowed_network",
  version: 1,
  title: "Key used outside its allowed networks",
  level: "high",
  weight: 0.8,
  tags: ["attack.t1078.004"],
  needs: ["inventory.allowed_networks", "src_ip"],
  undeclared: false,
  runbook: [
    "Ask {owner} whether {source} is theirs; if it is, add it to `allowed_networks`.",
    "If not: disable {key_hint} now and rotate it.",
  ],
  falsePositives: ["the gateway got a new address"],
  check(event, key) {
    if (key?.networks == null || event.src_ip === null) return null;
    if (event.src_kind !== "ip" && event.src_kind !== "private") return null;
    if (key.networks.has(event.src_ip) || key.exempt.some((e) => event.time < e.until && e.networks.has(event.src_ip!)))
      return null;
    return {
      dimension: event.src_net ?? event.src_ip,
      level: "high",
      reasons: [`Used from ${placeWords(event)}, outside ${key.allowed_networks!.join(", ")}.`],
      quiet_if: ["`allowed_networks` in the inventory held this address."],
      anomaly: {
        parameter: "src.ip",
        observed: event.src_ip,
        expected: key.allowed_networks!.join(", "),
        p: null,
        facts: {},
      },
    };
  },
});
