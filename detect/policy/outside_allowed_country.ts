import { definePolicy } from "../detection.ts";
import { countryName, placeWords } from "../words.ts";

export default definePolicy({
  id: "outside_allowed_country",
  version: 1,
  title: "Key used outside its allowed countries",
  level: "high",
  weight: 0.8,
  tags: ["attack.t1078.004"],
  needs: ["inventory.allowed_countries", "country"],
  undeclared: false,
  runbook: ["Ask {owner} who is in the country of {source}.", "If nobody is: disable {key_hint} now and rotate it."],
  falsePositives: ["the address database is wrong about a network"],
  check(event, key) {
    if (key?.allowed_countries == null || event.country === null || key.allowed_countries.includes(event.country))
      return null;
    return {
      dimension: event.country,
      level: "high",
      reasons: [
        `Used from ${placeWords(event)}; allowed ${key.allowed_countries.length === 1 ? "is" : "are"} ${key.allowed_countries.map(countryName).join(", ")}.`,
      ],
      quiet_if: ["`allowed_countries` in the inventory held this country."],
      anomaly: {
        parameter: "src.country",
        observed: event.country,
        expected: key.allowed_countries.join(", "),
        p: null,
        facts: {},
      },
    };
  },
});
