import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { FastifyReply, FastifyRequest } from "fastify";
import { packageRoot } from "../../schemas/package_root.ts";
import { Refused } from "../backend.ts";
import type { Surface } from "../surface.ts";

/** Where `npm run build` puts the page; its sources are in dashboard/page/. */
const FOLDER = join(packageRoot, "dist", "page");
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};
/** Addresses of the page's views: all give the same file, which holds no data. What they show is asked for by the API, with its rights. */
const VIEWS = ["/", "/incidents", "/incidents/:id", "/keys", "/key", "/events", "/sources", "/silences", "/audit"];

interface Asset {
  type: string;
  plain: Buffer;
  gzip: Buffer;
  brotli: Buffer;
}

/** pageRoutes serve the built files from memory: a path is a name in a list, never a place on the disk. */
export function pageRoutes({ server }: Surface): void {
  let assets: Map<string, Asset> | null = null;
  const load = (): Map<string, Asset> => {
    assets ??= readAssets();
    return assets;
  };

  function send(request: FastifyRequest, reply: FastifyReply, name: string): FastifyReply {
    const asset = load().get(name);
    if (asset === undefined) {
      const built = load().size > 0;
      throw new Refused(built ? 404 : 503, built ? "There is no such file." : "The page is not built: npm run build.");
    }
    const accepts = String(request.headers["accept-encoding"] ?? "");
    const coding = /\bbr\b/.test(accepts) ? "brotli" : /\bgzip\b/.test(accepts) ? "gzip" : "plain";
    if (coding !== "plain") reply.header("content-encoding", coding === "brotli" ? "br" : "gzip");
    return reply
      .type(asset.type)
      .header("vary", "accept-encoding")
      .header("cache-control", name === "index.html" ? "no-cache" : "public, max-age=31536000, immutable")
      .send(asset[coding]);
  }

  for (const view of VIEWS) server.get(view, (request, reply) => send(request, reply, "index.html"));
  server.get<{ Params: { name: string } }>("/assets/:name", (request, reply) =>
    send(request, reply, `assets/${request.params.name}`),
  );
}

function readAssets(): Map<string, Asset> {
  const assets = new Map<string, Asset>();
  for (const folder of ["", "assets"]) {
    for (const entry of entriesOf(join(FOLDER, folder))) {
      const type = TYPES[extname(entry)];
      if (type === undefined) continue;
      const plain = readFileSync(join(FOLDER, folder, entry));
      const name = folder === "" ? entry : `${folder}/${entry}`;
      assets.set(name, { type, plain, gzip: gzipSync(plain), brotli: brotliCompressSync(plain) });
    }
  }
  return assets;
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
