import type { Command } from "commander";
import { example } from "./options.ts";
import { terminalOut } from "./out.ts";
import { configFor, type Globals, guarded, tellServing } from "./run.ts";

/** addGeoCommand declares the command that loads address data. */
export function addGeoCommand(program: Command, globals: () => Globals): void {
  program
    .command("update-geo")
    .description(
      "load countries, network owners and published ranges from files or addresses: those of `geo` in the config, or those named here",
    )
    .option("--city <origin>", "a MaxMind DB file (.mmdb) of countries or cities")
    .option("--asn <origin>", "a MaxMind DB file (.mmdb) of network owners")
    .option("--ranges <name=origin...>", "ranges of AWS, Google, Azure, GitHub or Cloudflare, or a list of networks")
    .addHelpText(
      "after",
      `${example("update-geo --city GeoLite2-City.mmdb --asn GeoLite2-ASN.mmdb")}\n  keywatch update-geo --ranges aws=https://ip-ranges.amazonaws.com/ip-ranges.json`,
    )
    .action((o) =>
      guarded(async () => {
        const { updateGeo } = await import("./commands/update_geo.ts");
        const [loaded, out] = [configFor(globals()), terminalOut()];
        const { code, taken } = await updateGeo(loaded, o, out, Date.now());
        if (taken === 0) return code;
        return Math.max(code, await tellServing(loaded, out));
      }),
    );
}
