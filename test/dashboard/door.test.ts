import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allEndpoints } from "../../dashboard/endpoints.ts";
import { createServer } from "../../dashboard/server.ts";
import { ADMIN_TOKEN, openWeb, READ_TOKEN, type Web, withTokens, write } from "./support.ts";

type Server = ReturnType<typeof createServer>;
let web: Web;
/** Every route of the server, found by asking it; "METHOD /path". */
let routes: string[] = [];

beforeAll(async () => {
  web = await openWeb(withTokens);
  routes = routesOf(web.server.printRoutes({ commonPrefix: false, includeMeta: false }));
});
afterAll(() => web.close());

/** What anybody may ask: is it alive, the shell of the page and its files, which hold no data, and who am I. */
const OPEN =
  /^GET \/(healthz|readyz|assets\/:name|v1\/session|incidents|incidents\/:id|keys|key|events|sources|silences|audit|clickhouse\/(ping|replicas_status))?$|^(POST|DELETE) \/v1\/session$/;

/** Where people and tools answer from outside: each proves itself in its own way, and a token of ours is no proof (answer.test.ts). */
const ANSWERS = /^(GET|POST) \/(answer|v1\/(slack\/interactions|pagerduty\/webhook|opsgenie\/webhook))$/;

/** What other tools send, and what mails link to: proven by a signature of their own. */
const SIGNED = /^(GET|POST) \/(answer|v1\/(slack\/interactions|(pagerduty|opsgenie)\/webhook))$/;

/** ClickHouse's interface reads by GET and POST alike, and takes the token as its clients send a password. */
const CLICKHOUSE = /^(GET|POST) \/clickhouse\/?$/;

const ask = (route: string, headers: Record<string, string> = {}) => {
  const [method = "", path = ""] = route.split(" ");
  return fetch(`${web.base}${path.replace(/:\w+/g, "aws_cloudtrail")}`, {
    method,
    headers,
    ...(method === "POST" ? { body: "{}" } : {}),
    redirect: "manual",
  });
};

describe("every route of the server", () => {
  test("is found, those of the API among them", () => {
    expect(routes.length).toBeGreaterThan(25);
    for (const e of allEndpoints()) expect(routes).toContain(`${e.method} ${e.path.replace("{id}", ":id")}`);
  });

  test("that is not open to all refuses who has no token, a wrong one, or one without the role", async () => {
    const closed = routes.filter((route) => !OPEN.test(route) && !ANSWERS.test(route));
    expect(closed.length).toBeGreaterThan(15);
    for (const route of closed) {
      expect([route, (await ask(route)).status]).toEqual([route, 401]);
      expect([route, (await ask(route, { authorization: "Bearer wrong-0123456789" })).status]).toEqual([route, 401]);
      expect([route, (await ask(route, { cookie: "keywatch_session=e30.AAAA" })).status]).toEqual([route, 401]);
      const lesser =
        route.startsWith("POST /v1/ingest") || !route.startsWith("GET") ? READ_TOKEN : "t-ingest-0123456789";
      expect([route, (await ask(route, { authorization: `Bearer ${lesser}` })).status]).toEqual([route, 403]);
    }
  });

  test("that people and tools answer by refuses whoever has no proof, an admin's token too", async () => {
    const answers = routes.filter((route) => ANSWERS.test(route));
    expect(answers).toHaveLength(5);
    for (const route of answers)
      for (const headers of [{}, { authorization: `Bearer ${ADMIN_TOKEN}` }])
        expect([401, 404]).toContain((await ask(route, headers)).status);
  });

  test("that speaks ClickHouse refuses who has no token, a wrong one, or one that may not read", async () => {
    for (const route of routes.filter((r) => CLICKHOUSE.test(r))) {
      for (const key of ["", "wrong-0123456789", "t-ingest-0123456789"]) {
        const { status } = await ask(route, key === "" ? {} : { "x-clickhouse-key": key });
        expect([route, key, status]).toEqual([route, key, expect.toSatisfy((n) => n >= 400)]);
      }
    }
  });

  test("that proves itself by a signature refuses what has none", async () => {
    const signed = routes.filter((route) => SIGNED.test(route));
    expect(signed).toHaveLength(5);
    for (const route of signed)
      expect([route, (await ask(route)).status]).toEqual([route, expect.toSatisfy((n) => n >= 400)]);
  });

  test("refuses a page of another origin", async () => {
    for (const route of routes.filter((r) => / \/(v1|metrics)/.test(r) && !ANSWERS.test(r))) {
      const token = { authorization: `Bearer ${ADMIN_TOKEN}` };
      expect([route, (await ask(route, { ...token, origin: "https://evil.example.com" })).status]).toEqual([
        route,
        403,
      ]);
      expect([route, (await ask(route, { ...token, "sec-fetch-site": "cross-site" })).status]).toEqual([route, 403]);
    }
  });

  test("refuses a token in its address, and does not repeat it", async () => {
    for (const route of routes) {
      for (const query of [`?token=${READ_TOKEN}`, `?x=${encodeURIComponent(READ_TOKEN)}`, "?access_token=whatever"]) {
        const answer = await ask(`${route}${query}`, { authorization: `Bearer ${READ_TOKEN}` });
        const text = await answer.text();
        expect([route, query, answer.status, text.includes(READ_TOKEN)]).toEqual([route, query, 400, false]);
      }
    }
    expect((await ask(`GET /${READ_TOKEN}`)).status).toBe(400);
  });
});

describe("a browser", () => {
  const origin = () => ({ origin: web.base, "sec-fetch-site": "same-origin", "content-type": "application/json" });
  const signIn = (token: string, headers: Record<string, string> = origin()) =>
    fetch(`${web.base}/v1/session`, { method: "POST", headers, body: JSON.stringify({ token }) });
  const comment = (headers: Record<string, string>) =>
    fetch(`${web.base}/v1/incidents/INC-00000000/comment`, {
      method: "POST",
      headers,
      body: JSON.stringify({ note: "x" }),
    });

  test("signs in with a token once; the cookie can be read by no script and goes to no other site", async () => {
    const answer = await signIn(ADMIN_TOKEN);
    const cookie = answer.headers.get("set-cookie")!;
    expect([answer.status, cookie]).toEqual([200, expect.stringMatching(/HttpOnly; SameSite=Strict/)]);
    expect(cookie).not.toContain(ADMIN_TOKEN);
    const value = cookie.split(";")[0]!;
    expect((await ask("GET /v1/status", { cookie: value })).status).toBe(200);
    expect(await (await ask("GET /v1/session", { cookie: value })).json()).toMatchObject({
      login: "done",
      name: "ann",
    });
    expect((await ask("GET /v1/status", { cookie: `${value}x` })).status).toBe(401);
    const [body, mac] = value.replace("keywatch_session=", "").split(".");
    const claim = JSON.parse(Buffer.from(body!, "base64url").toString()) as object;
    const forged = Buffer.from(JSON.stringify({ ...claim, name: "reader" })).toString("base64url");
    expect((await ask("GET /v1/status", { cookie: `keywatch_session=${forged}.${mac}` })).status).toBe(401);
  });

  test("cannot change anything without the header token, from another origin, or without saying where it comes from", async () => {
    const cookie = (await signIn(ADMIN_TOKEN)).headers.get("set-cookie")!.split(";")[0]!;
    const { csrf } = (await (await ask("GET /v1/session", { cookie })).json()) as { csrf: string };
    const whole = { ...origin(), cookie, "x-keywatch-csrf": csrf };
    // 404: the door let it through, and there is no such incident.
    expect((await comment(whole)).status).toBe(404);
    const { "x-keywatch-csrf": _, ...without } = whole;
    expect((await comment(without)).status).toBe(403);
    expect((await comment({ ...whole, "x-keywatch-csrf": "guess" })).status).toBe(403);
    expect((await comment({ ...whole, origin: "https://evil.example.com" })).status).toBe(403);
    expect((await comment({ ...whole, "sec-fetch-site": "same-site" })).status).toBe(403);
    const { origin: __, "sec-fetch-site": ___, ...nowhere } = whole;
    expect((await comment(nowhere)).status).toBe(403);
    const other = (await signIn(READ_TOKEN)).headers.get("set-cookie")!.split(";")[0]!;
    expect((await comment({ ...whole, cookie: other })).status).toBe(403);
  });

  test("is not signed in from another origin, nor by a wrong token; wrong ones are told in the audit log and slowed down", async () => {
    expect((await signIn(ADMIN_TOKEN, { ...origin(), origin: "https://evil.example.com" })).status).toBe(403);
    expect((await signIn("wrong-token-0123456789")).status).toBe(401);
    const { entries } = (await (await ask("GET /v1/audit", { authorization: `Bearer ${READ_TOKEN}` })).json()) as {
      entries: { action: string; actor: string }[];
    };
    expect(entries.map((e) => `${e.action} ${e.actor}`)).toEqual(
      expect.arrayContaining(["sign-in refused unknown", "signed in ann", "signed in reader"]),
    );
    let last = 0;
    for (let i = 0; i < 25; i++) last = (await signIn("wrong-token-0123456789")).status;
    expect(last).toBe(429);
  });

  test("signs out", async () => {
    const answer = await ask("DELETE /v1/session", { ...origin() });
    expect(answer.headers.get("set-cookie")).toContain("Max-Age=0");
    expect(await answer.json()).toMatchObject({ login: "required" });
  });

  test("signs out everywhere: a copy of the cookie is refused, also by other processes and after a restart; other sessions stay", async () => {
    let clock = Date.now();
    const servers: Server[] = [];
    const another = async () => {
      const server = createServer(web.app.config.http, { ...web.backend, now: () => clock }, console.error);
      servers.push(server);
      return server.listen({ host: "127.0.0.1", port: 0 });
    };
    const session = (base: string, method: string, headers: object, body?: object) =>
      fetch(`${base}/v1/session`, {
        method,
        headers: { "sec-fetch-site": "same-origin", "content-type": "application/json", origin: base, ...headers },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
    const signedIn = async (base: string) =>
      (await session(base, "POST", {}, { token: ADMIN_TOKEN })).headers.get("set-cookie")!.split(";")[0]!;
    const login = async (base: string, cookie: string) =>
      (await (await session(base, "GET", { cookie })).json()) as { login: string; csrf: string };
    const bases = [await another(), await another()];
    const [copy, stays] = [await signedIn(bases[0]!), await signedIn(bases[0]!)];
    const { csrf } = await login(bases[0]!, copy);
    for (const base of bases) expect((await login(base, copy)).login).toBe("done");
    await session(bases[0]!, "DELETE", { cookie: copy, "x-keywatch-csrf": csrf });
    expect((await login(bases[0]!, copy)).login).toBe("required");
    clock += 5_000;
    bases.push(await another());
    for (const base of bases)
      expect([(await login(base, copy)).login, (await login(base, stays)).login]).toEqual(["required", "done"]);
    for (const server of servers) await server.close();
  });
});

describe("paths", () => {
  /** fetch would tidy the path before it leaves. */
  const raw = (path: string): Promise<string> =>
    new Promise((resolve) => {
      const { port } = new URL(web.base);
      let text = "";
      const socket = connect(Number(port), "127.0.0.1", () =>
        socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`),
      );
      socket.setEncoding("utf8").on("data", (s: string) => {
        text += s;
      });
      socket.on("close", () => resolve(text));
    });

  test.each([
    "/assets/../../package.json",
    "/assets/..%2f..%2fpackage.json",
    "/assets/%2e%2e/%2e%2e/package.json",
    "/assets/....//package.json",
    "/assets/..%5c..%5cpackage.json",
    "/assets/%00index.html",
    "/../../../../etc/passwd",
    "/assets/%c0%ae%c0%ae/package.json",
    "//etc/passwd",
  ])("%s leads nowhere", async (path) => {
    const answer = await raw(path);
    expect(answer).toMatch(/^HTTP\/1\.1 (400|404|503)/);
    expect(answer).not.toMatch(/"name": "keywatch"|root:/);
  });
});

describe("the stream", () => {
  const listen = async (headers: Record<string, string> = {}) => {
    const stop = new AbortController();
    const answer = await fetch(`${web.base}/v1/stream`, {
      headers: { authorization: `Bearer ${READ_TOKEN}`, ...headers },
      signal: stop.signal,
    });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    return {
      answer,
      stop: () => stop.abort(),
      async until(wanted: RegExp) {
        const end = Date.now() + 20_000;
        while (!wanted.test(text) && Date.now() < end) text += (await reader.read()).value ?? "";
        return text;
      },
    };
  };

  test("tells a new incident once, and a reader that comes again hears what it missed", async () => {
    const first = await listen();
    expect(first.answer.headers.get("content-type")).toContain("text/event-stream");
    const hello = await first.until(/event: hello/);
    await web.push([write()]);
    const text = await first.until(/event: incident/);
    expect(text).toMatch(/"kind":"opened"/);
    expect(await first.until(/event: activity/)).toMatch(/"events":1}/);
    first.stop();
    const id = /id: (\d+)/.exec(hello)![1]!;
    const again = await listen({ "last-event-id": id });
    expect(await again.until(/event: incident/)).toMatch(/"kind":"opened"/);
    again.stop();
  });

  test("is for a bounded number of readers", async () => {
    const many = await Promise.all(Array.from({ length: 64 }, () => listen()));
    const refused = await fetch(`${web.base}/v1/stream`, { headers: { authorization: `Bearer ${READ_TOKEN}` } });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "30"]);
    for (const one of many) one.stop();
  });
});

function routesOf(tree: string): string[] {
  const found: string[] = [];
  const stack: string[] = [];
  for (const line of tree.split("\n")) {
    const match = /^((?:│ {3}| {4})*)(?:├── |└── )(\S+)(?: \(([A-Z, ]+)\))?/.exec(line);
    if (!match) continue;
    const depth = match[1]!.length / 4;
    stack.length = depth;
    stack.push(match[2]!);
    for (const method of (match[3] ?? "").split(", ")) {
      if (method !== "" && method !== "HEAD") found.push(`${method} ${stack.join("")}`);
    }
  }
  return [...new Set(found)];
}
