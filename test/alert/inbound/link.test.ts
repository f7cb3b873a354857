import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createLinkSigner, LINK_MS, type Link, type LinkAction } from "../../../alert/inbound/link.ts";
import { smtpReceiver } from "../receivers.ts";
import { finding, openStore, T0, wipe } from "../support.ts";
import { links, openDesk } from "./parts.ts";

const link: Link = {
  incident: "6f1b6c5e-0d6a-5a0f-8a3b-2f0c7a1e4d58",
  action: "acknowledge",
  to: "user@example.com (mail)",
  n: 1,
  expires: T0 + LINK_MS,
};

describe("a token", () => {
  test("says what was signed, whatever it holds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 80 }), fc.nat(), (to, n) => {
        expect(links.read(links.sign({ ...link, to: to.toWellFormed(), n }))).toEqual({
          ...link,
          to: to.toWellFormed(),
          n,
        });
      }),
    );
  });

  test("is none once any character of it differs", () => {
    const token = links.sign(link);
    const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    fc.assert(
      fc.property(fc.nat(token.length - 2), fc.nat(digits.length - 1), (at, d) => {
        const other = token.slice(0, at) + digits[d] + token.slice(at + 1);
        expect(other === token || links.read(other) === null).toBe(true);
      }),
    );
  });

  test.each(["", ".", "a.b", `${links.sign(link)}.x`, `.${links.sign(link)}`])("%j is none", (token) => {
    expect(links.read(token)).toBeNull();
  });

  test("of another installation is none", () => {
    const other = createLinkSigner(Buffer.from("another pepper of sixteen bytes"));
    expect(links.read(other.sign(link))).toBeNull();
  });

  test("tells nothing of what the form sends along", () => {
    const token = links.sign(link);
    expect(links.confirms(token, token.split(".")[1]!)).toBe(false);
    expect(links.confirms(token, links.confirmation(token))).toBe(true);
    expect(links.confirms(links.sign({ ...link, action: "expected" }), links.confirmation(token))).toBe(false);
  });
});

describe("the links of a mail", () => {
  let opened: Awaited<ReturnType<typeof openStore>>;
  let mail: Awaited<ReturnType<typeof smtpReceiver>>;
  let desk: Awaited<ReturnType<typeof openDesk>>;
  let uid = "";
  beforeAll(async () => {
    opened = await openStore();
  });
  afterAll(() => opened.close());
  beforeEach(async () => {
    await wipe(opened.store);
    mail = await smtpReceiver();
    desk = await openDesk(opened.store, {
      alert: { external_url: "https://keywatch.example.com/" },
      route: { receiver: "all", group_wait: "0s" },
      receivers: [
        {
          name: "all",
          channels: [
            {
              kind: "email",
              smtp_url: `smtp://127.0.0.1:${mail.port}`,
              from: "a@example.com",
              to: ["oncall@example.com"],
            },
          ],
        },
      ],
    });
    uid = (await desk.alerter.apply([finding()]))[0]!.incident_uid;
    await desk.settle();
    return async () => {
      await desk.alerter.stop();
      await mail.stop();
    };
  });
  const tokens = (n: number): string[] =>
    [
      ...mail.mails[n]!.replace(/=\r\n/g, "")
        .replaceAll("=3D", "=")
        .matchAll(/https:\/\/keywatch\.example\.com\/answer\?t=([\w.-]+)$/gm),
    ].map((m) => m[1]!);
  const tokenFor = (action: LinkAction, n = 0) => tokens(n).find((t) => links.read(t)?.action === action)!;
  const kinds = async () => (await desk.alerter.transitions(uid)).map((t) => t.kind);

  test("opening one changes nothing, however often a scanner does; neither does posting it without the form", async () => {
    const token = tokenFor("acknowledge");
    for (let i = 0; i < 3; i++)
      expect(await desk.inbound.link.view(token)).toMatchObject({ kind: "ask", action: "acknowledge" });
    for (const guess of ["", token, "yes"])
      expect(await desk.inbound.link.act(token, guess)).toEqual({ kind: "unconfirmed" });
    expect(await kinds()).toEqual(["opened"]);
  });

  test("the form acts once, as who got the mail", async () => {
    const token = tokenFor("acknowledge");
    const confirmation = links.confirmation(token);
    expect(await desk.inbound.link.act(token, confirmation)).toMatchObject({ kind: "done" });
    expect(await desk.inbound.link.act(token, confirmation)).toMatchObject({ kind: "same" });
    expect((await desk.alerter.transitions(uid)).at(-1)).toMatchObject({
      kind: "acknowledged",
      actor: "oncall@example.com (mail)",
    });
    // The mail about it offers only what is left to say.
    await desk.settle();
    expect(tokens(1).map((t) => links.read(t)!.action)).toEqual(["expected"]);
  });

  test("one used before does not act again after the incident came back", async () => {
    const token = tokenFor("acknowledge");
    await desk.inbound.link.act(token, links.confirmation(token));
    const by = { incident_uid: uid, actor: "ann", at: desk.clock.now(), note: "", assignee: null };
    await desk.alerter.command({ ...by, id: "1", kind: "resolve", verdict: "benign" });
    await desk.alerter.command({ ...by, id: "2", kind: "reopen", verdict: null });
    expect(await desk.inbound.link.act(token, links.confirmation(token))).toMatchObject({ kind: "same" });
    expect((await desk.alerter.get(uid))!.status).toBe("reopened");
  });

  test("a week later it is too old, to look at and to act", async () => {
    const token = tokenFor("expected");
    desk.clock.move(LINK_MS);
    expect(await desk.inbound.link.view(token)).toEqual({ kind: "expired" });
    expect(await desk.inbound.link.act(token, links.confirmation(token))).toEqual({ kind: "expired" });
    expect(await kinds()).toEqual(["opened"]);
  });

  test("a resolved incident is not acknowledged: the page says why", async () => {
    const token = tokenFor("acknowledge");
    const by = { incident_uid: uid, actor: "ann", at: desk.clock.now(), note: "", assignee: null };
    await desk.alerter.command({ ...by, id: "1", kind: "resolve", verdict: "benign" });
    expect(await desk.inbound.link.act(token, links.confirmation(token))).toMatchObject({
      kind: "refused",
      sentence: expect.stringContaining("is resolved") as string,
    });
  });
});
