import { afterAll, beforeAll, expect, test } from "vitest";
import { type Alerter, createAlerter } from "../../alert/alerter.ts";
import { createRemoteAlerter } from "../../cli/roles/remote_alerter.ts";
import { replayCommand } from "../../schemas/replay.ts";
import { silenceCommand } from "../../schemas/silence.ts";
import { httpReceiver } from "../alert/receivers.ts";
import { configOf, finding, HOUR, openStore } from "../alert/support.ts";

const secret = `whsec_${Buffer.from("a secret of thirty-two characters").toString("base64")}`;
let opened: Awaited<ReturnType<typeof openStore>>;
let hook: Awaited<ReturnType<typeof httpReceiver>>;
let active: Alerter;
let remote: Alerter;
/** What went over the topic; each comes twice, as after a crash of whoever reads it. */
const topic: unknown[] = [];

beforeAll(async () => {
  opened = await openStore();
  hook = await httpReceiver();
  const channel = { kind: "webhook" as const, url: hook.url, secrets: [secret], allow_private_addresses: true };
  const config = configOf({
    receivers: [{ name: "tool", channels: [channel] }],
    route: { receiver: "tool", group_wait: "0s" },
  });
  active = await createAlerter({ store: opened.store, config, now: Date.now });
  remote = createRemoteAlerter({
    ...{ store: opened.store, topic: "keywatch.commands", now: Date.now },
    async send(messages) {
      for (const { value } of [...messages, ...messages]) {
        const order: unknown = JSON.parse(String(value));
        topic.push(order);
        const silence = silenceCommand.safeParse(order);
        if (silence.success) await active.silence(silence.data);
        else await active.replay(replayCommand.parse(order));
      }
    },
  });
});
afterAll(async () => {
  await active.stop();
  await hook.stop();
  await opened.close();
});

test("silences asked for by another process are made and ended by the one that alerts, once", async () => {
  const at = Date.now();
  const asked = { kind: "silence_add" as const, id: "c1", actor: "ann", at, matchers: ["owner=a"], reason: "works" };
  const made = await remote.silence({ ...asked, starts_at: at, ends_at: at + HOUR });
  expect(made).toMatchObject({ author: "ann", matchers: ["owner=a"] });
  expect(await active.silences()).toEqual([made]);
  const expire = { kind: "silence_expire", id: "c2", actor: "bob", at: Date.now(), uid: made!.uid } as const;
  expect(await remote.silence(expire)).toMatchObject({ uid: made!.uid, expired_by: "bob" });
  expect(await remote.silence(expire)).toBeNull();
  expect(await remote.silences()).toEqual([]);
  expect(topic).toHaveLength(4);
  await expect(remote.silence({ ...asked, starts_at: at, ends_at: at + 9_999 * HOUR })).rejects.toThrow(/90 days/);
});

test("a failed message is sent again once, with its id", async () => {
  hook.script("rejected");
  const seen = Date.now();
  await active.apply([finding({ first_seen: seen, last_seen: seen })]);
  await active.tick();
  const id = String(hook.requests[0]!.headers["webhook-id"]);
  const order = { kind: "replay", id: "c3", actor: "ann", at: Date.now(), message_id: id } as const;
  expect(await remote.replay(order)).toBe(1);
  await active.tick();
  expect(hook.requests.map((r) => r.headers["webhook-id"])).toEqual([id, id]);
  expect(await remote.replay(order)).toBe(0);
  await expect(active.replay({ ...order, message_id: "msg_none" })).rejects.toThrow(/There is no message msg_none/);
});
