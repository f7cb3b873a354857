import { z } from "zod";

/** bytes takes "32MiB", "10MB" or a plain number and gives bytes. */
export const bytes = z.union([z.number().int().positive(), z.string()]).transform((value, ctx) => {
  if (typeof value === "number") return value;
  const match = /^(\d+)\s*(B|KB|MB|GB|KiB|MiB|GiB)$/.exec(value);
  const factor = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
  if (!match) {
    ctx.addIssue({ code: "custom", message: `"${value}" is no size; write it like 32MiB` });
    return z.NEVER;
  }
  return Number(match[1]) * factor[match[2] as keyof typeof factor];
});
