import { channel, type Channel } from "node:diagnostics_channel";
import type { GuardEventName, GuardEvents } from "./guard-events.js";

/**
 * What subscribers of a channel `azure-identity-guard:<event>` of `node:diagnostics_channel` get: the event of that name,
 * and which credential it is of. No message holds a token.
 *
 * @public
 */
export type GuardChannelMessage<Name extends GuardEventName = GuardEventName> = {
  readonly [N in Name]: GuardEvents[N] & { readonly credential: string };
}[Name];

const named = (event: GuardEventName): Channel => channel(`azure-identity-guard:${event}`);

// All copies of the package in this process publish on the same channels: Node.js keeps them by name.
const CHANNELS: Readonly<Record<GuardEventName, Channel>> = {
  change: named("change"),
  gate: named("gate"),
  attempt: named("attempt"),
  token: named("token"),
  rejected: named("rejected"),
  acquisition: named("acquisition"),
};

/** Tells whoever has subscribed; costs nothing where nobody has. What a subscriber throws, Node.js reports as uncaught. */
export function publish<Name extends GuardEventName>(
  credential: string,
  name: Name,
  event: GuardEvents[Name],
): void {
  const target = CHANNELS[name];
  if (target.hasSubscribers) target.publish(Object.freeze({ credential, ...event }));
}
