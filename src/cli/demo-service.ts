import { decodeJwt } from "jose/jwt/decode";
import type { TokenCredential } from "@azure/core-auth";
import type { Clock } from "../clock.js";
import type { Service, ServiceEvent } from "./demo-events.js";

/** Requests that need a token come in at this pace. */
const INTERVAL_MS = 1_000;

/**
 * A small service that asks its credential for a token of `resource` whenever it needs one, as services do: at its
 * start, and for each request that comes in afterwards. It keeps nothing itself, and an error is answered by asking again.
 * Resolves when `signal` aborts.
 */
export async function serve(
  credential: TokenCredential,
  resource: string,
  ports: {
    readonly who: Service;
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly report: (event: ServiceEvent) => void;
  },
): Promise<void> {
  const { who, clock, signal, report } = ports;
  const ended = (): boolean => signal.aborted;
  while (!ended()) {
    const askedAt = clock.now();
    report({ who, type: "asked", at: askedAt, resource });
    const answer = await ask(credential, resource, signal);
    // What ends because the run ends says nothing about the credential.
    if (ended()) return;
    report({ who, at: clock.now(), resource, askedAt, ...answer });
    await clock.sleep(INTERVAL_MS, signal, { keepAlive: true }).catch(() => undefined);
  }
}

type Answer =
  | { type: "token"; objectId?: string; expiresOn: number; refreshAfter?: number }
  | { type: "error"; code: string };

async function ask(credential: TokenCredential, resource: string, signal: AbortSignal): Promise<Answer> {
  try {
    const token = await credential.getToken(`${resource}/.default`, { abortSignal: signal });
    if (token === null) return { type: "error", code: "null" };
    const { refreshAfterTimestamp } = token;
    return {
      type: "token",
      ...ownerOf(token.token),
      expiresOn: token.expiresOnTimestamp,
      ...(refreshAfterTimestamp === undefined ? {} : { refreshAfter: refreshAfterTimestamp }),
    };
  } catch (error) {
    return { type: "error", code: errorCode(error) };
  }
}

/** The one claim that says whose the token is. */
function ownerOf(token: string): { objectId?: string } {
  try {
    const { oid } = decodeJwt(token);
    return typeof oid === "string" ? { objectId: oid } : {};
  } catch {
    return {}; // the reason may quote the token
  }
}

/** `code`, else the name. Never the message: in some versions of the SDK it quotes what the endpoint sent. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
