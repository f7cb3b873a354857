import { resolve } from "node:path";
import { Option } from "commander";
import { severities } from "../schemas/severity.ts";

/** example is the end of every help text. */
export const example = (line: string): string => `\nExample:\n  keywatch ${line}`;

export const providerOption = (): Option =>
  new Option("-p, --provider <id>", "whose logs they are; auto recognises each record").default("auto");

export const severityOption = (flags: string, text: string): Option => new Option(flags, text).choices([...severities]);

/** absolute paths mean the same in another process. */
export const absolute = (paths: string[]): string[] => paths.map((p) => (p === "-" ? p : resolve(p)));
