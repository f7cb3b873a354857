import { PassThrough, type Transform } from "node:stream";
import * as zlib from "node:zlib";
import type { Encoding } from "./request.ts";

/** packer gives the stream that packs an answer on its way; the cheapest levels, for the ingest has the same processors. */
export function packer(encoding: Encoding): { stream: Transform; encoding: Encoding } {
  switch (encoding) {
    case "gzip":
      return { stream: zlib.createGzip({ level: 1 }), encoding };
    case "deflate":
      return { stream: zlib.createDeflate({ level: 1 }), encoding };
    case "br":
      return { stream: zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }), encoding };
    case "zstd":
      // Node before 22.15 has none; the client takes what it gets.
      if (typeof zlib.createZstdCompress === "function") return { stream: zlib.createZstdCompress(), encoding };
      return { stream: new PassThrough(), encoding: null };
    case null:
      return { stream: new PassThrough(), encoding: null };
  }
}
