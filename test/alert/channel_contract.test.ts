import { readdirSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { type Channel, openChannel, reasons, type Surroundings } from "../../alert/channel.ts";
import { channelConfig } from "../../schemas/config_channels.ts";
import { type Harness, type Play, RETRY_AFTER_S, type Receiver } from "./receivers.ts";
import { messageOf } from "./support.ts";

const kinds = readdirSync(new URL("../../alert/channels/", import.meta.url)).map((file) => file.replace(/\.ts$/, ""));
const harnesses: Harness[] = [];
for (const kind of kinds)
  harnesses.push(...((await import(`./channels/${kind}.ts`)) as { default: Harness[] }).default);

const surroundings: Surroundings = { now: Date.now, output: { write: () => {}, colour: false } };
const never = new AbortController().signal;

test("every channel file exports the kind that it is named after, and the config knows it", async () => {
  for (const kind of kinds) {
    const type = ((await import(`../../alert/channels/${kind}.ts`)) as { default: { kind: string; title: string } })
      .default;
    expect(type.kind).toBe(kind);
    expect(type.title).not.toBe("");
    expect(channelConfig.options.map((o) => String((o.shape.kind as { value: string }).value))).toContain(kind);
    expect(harnesses.some((h) => h.kind === kind)).toBe(true);
  }
});

describe.each(harnesses)("$name", ({ plays, start }) => {
  let receiver: Receiver | null = null;
  let channel: Channel | null = null;
  const open = async () => {
    receiver = await start();
    channel = await openChannel(receiver.config, surroundings);
    return { channel, receiver };
  };
  afterEach(async () => {
    channel?.close?.();
    await receiver?.stop();
    receiver = null;
  });
  const remote = plays.length > 0;

  test("delivers, and a later message with the receipt of the first", async () => {
    const { channel, receiver } = await open();
    const first = await channel.send(messageOf(), never);
    expect(first).toMatchObject({ kind: "ok" });
    const later = await channel.send(
      messageOf({ n: 2, root: { receipt: first.kind === "ok" ? first.receipt : "" } }),
      never,
    );
    expect(later).toMatchObject({ kind: "ok" });
    if (remote) expect(new Set(receiver.keys()).size).toBe(receiver.keys().length);
  });

  test("tells without a message whether its receiver is there; the console has none", async () => {
    const { channel, receiver } = await open();
    expect(channel.check !== undefined).toBe(remote);
    if (!remote) return;
    expect(await channel.check!(never)).toMatchObject({ kind: "ok" });
    await receiver.stop();
    expect(await channel.check!(never)).toMatchObject({ kind: "retry", reason: "unreachable" });
  });

  const ends: [Play, object][] = [
    ["rate_limited", { kind: "retry", reason: "rate_limited", afterMs: RETRY_AFTER_S * 1000 }],
    ["server_error", { kind: "retry", reason: "server_error" }],
    ["auth", { kind: "fail", reason: "auth" }],
    ["rejected", { kind: "fail", reason: "rejected" }],
    ["drop", { kind: "retry", reason: "unreachable" }],
    ["redirect", { kind: "fail", reason: "rejected" }],
    ["flood", { kind: "ok" }],
  ];
  const able = ends.filter(([play]) => plays.includes(play));
  test.each(able)("%s ends as it should, and tells no secret", async (play, expected) => {
    const { channel, receiver } = await open();
    receiver.script(play);
    const result = await channel.send(messageOf(), never);
    expect(result).toMatchObject(expected);
    if (result.kind === "ok") return;
    expect(reasons).toContain(result.reason);
    expect(result.detail).toMatch(/^[A-Z0-9].*\.$/s);
    for (const secret of receiver.secrets) expect(result.detail).not.toContain(secret);
    if (play === "redirect") expect(receiver.keys()).toHaveLength(1);
  });

  if (!remote) return;

  test("a retry carries the same idempotency key", async () => {
    const { channel, receiver } = await open();
    for (const play of ["server_error", "rejected", "ok"] as const) {
      receiver.script(play);
      await channel.send(messageOf(), never);
    }
    expect(receiver.keys().length).toBeGreaterThanOrEqual(2);
    expect(new Set(receiver.keys()).size).toBe(1);
  });

  test("gives up at once when told to, and says that it may be tried again", async () => {
    const { channel, receiver } = await open();
    receiver.script("hang");
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 100);
    const started = performance.now();
    expect(await channel.send(messageOf(), abort.signal)).toMatchObject({ kind: "retry", reason: "timeout" });
    expect(performance.now() - started).toBeLessThan(1_500);
  });

  test("nobody there: unreachable, and tells no secret", async () => {
    const { channel, receiver } = await open();
    await receiver.stop();
    const result = await channel.send(messageOf(), never);
    expect(result).toMatchObject({ kind: "retry", reason: "unreachable" });
    for (const secret of receiver.secrets) expect(JSON.stringify(result)).not.toContain(secret);
  });
});
