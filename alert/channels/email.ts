import { createTransport } from "nodemailer";
import { ownerAddress, withAnswers } from "../answers.ts";
import { type Channel, defineChannel, fail, retry, type SendResult, sent } from "../channel.ts";
import { oneLine } from "../clean.ts";
import { emailHtml, emailSubject, emailText } from "../email_body.ts";
import type { Message } from "../template.ts";

const TIMEOUT_MS = 20_000;

/**
 * The email channel keeps an incident in one thread: the same subject, and headers that point to the first mail. Message ids
 * are drawn from the incident, so that a mail sent twice after a crash is the same mail to whoever sorts by id.
 */
export default defineChannel({
  kind: "email",
  title: "Email (SMTP)",
  open({ smtp_url, from, to, ask_owner }, { links, ownerOf }): Channel {
    const domain = domainOf(from);
    const secrets = secretsOf(smtp_url);
    return {
      async check(signal) {
        const transport = transportTo(smtp_url);
        try {
          await transport.verify();
          return sent();
        } catch (error) {
          return endOf(error, signal, secrets);
        } finally {
          transport.close();
        }
      },
      async send(message, signal) {
        if (signal.aborted) return retry("timeout", "The mail was given up.");
        // One connection a mail: incidents are rare, and a connection kept open is closed by the server at the wrong moment.
        const asked = ask_owner ? await ownerAddress(message, "email", ownerOf) : to;
        if (!Array.isArray(asked)) return asked;
        const answerable = withAnswers(message, asked, ask_owner ? "owner" : "crew", links);
        const { subject, ...mail } = mailOf(answerable, domain);
        const transport = transportTo(smtp_url);
        try {
          await transport.sendMail({
            ...mail,
            subject,
            from,
            to: asked,
            signal,
            disableFileAccess: true,
            disableUrlAccess: true,
          });
          return sent(message.root === null ? subject : "");
        } catch (error) {
          return endOf(error, signal, secrets);
        } finally {
          transport.close();
        }
      },
    };
  },
});

const transportTo = (url: string) =>
  createTransport({
    url,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    dnsTimeout: TIMEOUT_MS,
  });

function mailOf(message: Message, domain: string) {
  const { root } = message;
  const rootId = `<inc-${message.incident.uid}.0@${domain}>`;
  const thread = root === null ? {} : { inReplyTo: rootId, references: rootId };
  return {
    // The subject of the first mail, whatever has become of title and severity: mail programs sort threads by it.
    subject: root === null || root.receipt === "" ? emailSubject(message) : oneLine(root.receipt, 250),
    messageId: root === null ? rootId : `<inc-${message.incident.uid}.${message.from_n}@${domain}>`,
    ...thread,
    date: new Date(message.at),
    text: emailText(message),
    html: emailHtml(message),
    headers: {
      "Auto-Submitted": "auto-generated",
      "X-Auto-Response-Suppress": "All",
      "List-Id": `keywatch incidents <incidents.keywatch.${domain}>`,
      "X-Keywatch-Message": message.id,
      "X-Keywatch-Incident": message.label,
      ...(message.severity === "critical" ? { Importance: "high" } : {}),
    },
  };
}

/** domainOf the sender, for ids; anything but letters, digits, dots and hyphens would break a header. */
const domainOf = (from: string): string =>
  /@([A-Za-z0-9.-]+)>?\s*$/.exec(from)?.[1]?.toLowerCase() ?? "keywatch.invalid";

interface SmtpError {
  code?: string;
  responseCode?: number;
  response?: string;
}

/** endOf turns what nodemailer threw into an end: 4xx answers and the network try again, 5xx answers do not. */
function endOf(error: unknown, signal: AbortSignal, secrets: readonly string[]): SendResult {
  const { code = "", responseCode, response = "" } = error as SmtpError;
  if (signal.aborted) return retry("timeout", "The mail was given up.");
  // Taken out before the text is cut: half a secret is one too.
  const words = oneLine(withoutSecrets(response, secrets), 200).replace(/[.\s]+$/, "");
  const said = words === "" ? "." : `: ${words}.`;
  if (responseCode !== undefined && responseCode >= 400 && responseCode < 500) {
    return retry("server_error", `The mail server asks to try later (${responseCode})${said}`);
  }
  if (code === "EAUTH" || code === "ENOAUTH" || code === "EOAUTH2") {
    return fail("auth", `The mail server refused user and password${said} Check smtp_url.`);
  }
  if (responseCode !== undefined && responseCode >= 500)
    return fail("rejected", `The mail server refused the mail${said}`);
  if (code === "ETIMEDOUT") return retry("timeout", "The mail server did not answer in time.");
  if (code === "EENVELOPE" || code === "EMESSAGE" || code === "ECONFIG") {
    return fail("rejected", "The mail could not be addressed. Check from, to and smtp_url.");
  }
  return retry("unreachable", `The mail server could not be reached${/^[A-Z0-9_]+$/.test(code) ? ` (${code})` : ""}.`);
}

/** secretsOf the address, in every form in which a server could echo them. Errors tell nothing of the address. */
function secretsOf(smtpUrl: string): string[] {
  let user: string;
  let raw: string;
  let pass: string;
  try {
    const url = new URL(smtpUrl);
    raw = url.password;
    user = decodeURIComponent(url.username);
    pass = decodeURIComponent(raw);
  } catch {
    throw new Error(
      "smtp_url of an email channel cannot be read. Write it like smtp://user:password@mail.example.com:587, with : / @ and % in user or password as %3A %2F %40 %25.",
    );
  }
  if (pass === "") return [];
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return [pass, raw, base64(pass), base64(`\u0000${user}\u0000${pass}`)];
}

const withoutSecrets = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((clean, secret) => clean.replaceAll(secret, "***"), text);
