import { isIP, connect as plainConnect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { fail, retry, type SendResult, sent } from "./channel.ts";
import { isPublicAddress, PrivateAddress, publicLookup } from "./public_address.ts";

const TIMEOUT_MS = 5_000;

/** reach opens a connection to the host of an address, with TLS where it asks for it, and closes it again: nothing is sent. */
export function reach(address: string, allowPrivate: boolean, signal: AbortSignal): Promise<SendResult> {
  const url = new URL(address);
  const secure = url.protocol === "https:";
  const bare = url.hostname.replace(/^\[|\]$/g, "");
  const refused = fail(
    "rejected",
    `${url.host} is not a public address; set allow_private_addresses: true if that is wanted.`,
  );
  if (!allowPrivate && isIP(bare) !== 0 && !isPublicAddress(bare)) return Promise.resolve(refused);
  return new Promise((resolve) => {
    const options = {
      host: bare,
      port: Number(url.port) || (secure ? 443 : 80),
      timeout: TIMEOUT_MS,
      ...(allowPrivate ? {} : { lookup: publicLookup }),
    };
    const socket = secure
      ? tlsConnect({ ...options, ...(isIP(bare) === 0 ? { servername: bare } : {}) })
      : plainConnect(options);
    const end = (result: SendResult) => {
      socket.destroy();
      resolve(result);
    };
    const late = () => end(retry("timeout", `${url.host} did not answer in time.`));
    socket.on(secure ? "secureConnect" : "connect", () => end(sent()));
    socket.on("timeout", late);
    signal.addEventListener("abort", late, { once: true });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error instanceof PrivateAddress) return end(refused);
      const code = /^[A-Z0-9_]+$/.test(error.code ?? "") ? ` (${error.code})` : "";
      return end(retry("unreachable", `${url.host} could not be reached${code}.`));
    });
  });
}
