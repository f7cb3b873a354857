import type { SessionOut } from "../../schemas/http_api.ts";

/** ApiError is an answer that is none, with the sentence of the server. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

let session: SessionOut | null = null;
let tell: (session: SessionOut) => void = () => undefined;

/** onSession hears who this browser is, now and whenever that changes. */
export function onSession(listener: (session: SessionOut) => void): void {
  tell = listener;
}

function become(next: SessionOut): void {
  session = next;
  tell(next);
}

export const mayChange = (): boolean => session?.roles.includes("admin") ?? false;

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(path, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(session?.csrf && method !== "GET" ? { "x-keywatch-csrf": session.csrf } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new ApiError(0, "keywatch does not answer. Is `keywatch serve` still running?");
  });
  const said = (await answer.json().catch(() => ({}))) as T & { error?: string };
  if (answer.ok) return said;
  if (answer.status === 401 && path !== "/v1/session") become({ login: "required", name: null, roles: [], csrf: null });
  throw new ApiError(answer.status, said.error ?? `The server answered ${answer.status}.`);
}

export const get = <T>(path: string): Promise<T> => ask<T>("GET", path);
export const post = <T>(path: string, body: unknown = {}): Promise<T> => ask<T>("POST", path, body);

export const whoAmI = async (): Promise<void> => become(await get<SessionOut>("/v1/session"));
export const signIn = async (token: string): Promise<void> => become(await post<SessionOut>("/v1/session", { token }));
export const signOut = async (): Promise<void> => become(await ask<SessionOut>("DELETE", "/v1/session"));

/** query writes what is set as ?a=b. */
export function query(params: Record<string, string | number | undefined | null>): string {
  const set = Object.entries(params).filter(([, v]) => v !== undefined && v !== null && v !== "");
  return set.length === 0 ? "" : `?${new URLSearchParams(set.map(([k, v]) => [k, String(v)]))}`;
}
