import type { ChannelConfig } from "../schemas/config_channels.ts";
import type { LinkSigner } from "./inbound/link.ts";
import { withTemplate } from "./own_words.ts";
import type { Message } from "./template.ts";

/** reasons is the closed list of why a delivery did not work. */
export const reasons = ["auth", "rate_limited", "rejected", "timeout", "unreachable", "server_error"] as const;
export type Reason = (typeof reasons)[number];

/**
 * SendResult is every way a send can end. `detail` is a sentence for people without any secret in it.
 * A receipt is what the channel wants to see again with later messages of the incident, such as a thread.
 */
export type SendResult =
  | { kind: "ok"; receipt: string }
  | { kind: "retry"; reason: Reason; afterMs: number | null; detail: string }
  | { kind: "fail"; reason: Reason; detail: string };

export const sent = (receipt = ""): SendResult => ({ kind: "ok", receipt });
export const retry = (reason: Reason, detail: string, afterMs: number | null = null): SendResult => ({
  kind: "retry",
  reason,
  afterMs,
  detail,
});
export const fail = (reason: Reason, detail: string): SendResult => ({ kind: "fail", reason, detail });

/** Channel sends one message once; it never retries, the outbox does. It gives up when the signal says so and never throws. */
export interface Channel {
  send(message: Message, signal: AbortSignal): Promise<SendResult>;
  /** Tells whether the receiver can be reached, without sending it anything. */
  check?(signal: AbortSignal): Promise<SendResult>;
  close?(): void;
}

/** Surroundings is what a channel may use of the world beside its own config. */
export interface Surroundings {
  now(): number;
  /** Where the console channel writes, and whether colours are wanted there. */
  output: { write(text: string): void; colour: boolean };
  /** Signs the addresses in mails by which people answer; without it mails have none. */
  links?: LinkSigner | undefined;
  /** Where the owner of a key can be asked; null where the inventory gives no such owner. */
  ownerOf?: ((owner: string) => Promise<OwnerAddress | null>) | undefined;
}

/** OwnerAddress is what the inventory says of an owner; null where it says nothing. */
export interface OwnerAddress {
  email: string | null;
  slack: string | null;
}

/** ChannelType is one file of alert/channels/: its kind equals the file name and the `kind` in the config. */
export interface ChannelType<K extends ChannelConfig["kind"]> {
  kind: K;
  title: string;
  open(config: Extract<ChannelConfig, { kind: K }>, surroundings: Surroundings): Channel;
}

export const defineChannel = <K extends ChannelConfig["kind"]>(type: ChannelType<K>): ChannelType<K> => type;

/** openChannel loads the file of that kind and opens it; a new channel is a new file and nothing here. */
export async function openChannel(config: ChannelConfig, surroundings: Surroundings): Promise<Channel> {
  const module = (await import(`./channels/${config.kind}.ts`)) as { default: AnyChannelType };
  const channel = module.default.open(config, surroundings);
  const { template } = config;
  if (!template) return channel;
  return { ...channel, send: (message, signal) => channel.send(withTemplate(message, template), signal) };
}

/** AnyChannelType forgets which config it takes; openChannel has matched them by name. */
interface AnyChannelType {
  kind: string;
  open(config: ChannelConfig, surroundings: Surroundings): Channel;
}
