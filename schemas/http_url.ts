import { z } from "zod";

/** httpUrl is a zod field for an address of the web. */
export const httpUrl = z.url({ protocol: /^https?$/, error: "must be an http or https address" });
