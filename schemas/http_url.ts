import { z } from "zod";

/** httpUrl is a zod field for an address of the web. */
export const httpUrl = z.url({ protocol: /^https?$/, error: "must be an http or https address" });

/** isLoopback tells whether a host, as it stands in an address, is this machine. */
export const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host);
