import { randomBytes } from "node:crypto";
import type { Outcome, Reply, SimulatedRequest } from "./exchange.js";
import type { SimulatedTime } from "./simulated-time.js";

/**
 * Whose answers a fault changes.
 *
 * | target | answers of |
 * | --- | --- |
 * | `metadata` | whoever answers at the node's metadata address |
 * | `nmi`, `health` | NMI's token server, its health port |
 * | `imds` | IMDS, also to NMI itself, for which `reset` and `truncate` are a failed connection |
 * | `proxy` | the migration proxy |
 * | `entra` | Entra ID, all of them |
 * | `entra-token`, `entra-discovery` | its token endpoint; everything else there |
 * | `app-service`, `arc` | the identity endpoint of App Service, of the Azure Arc agent |
 *
 * @public
 */
export type FaultTarget =
  | "nmi"
  | "imds"
  | "health"
  | "metadata"
  | "proxy"
  | "entra"
  | "entra-token"
  | "entra-discovery"
  | "app-service"
  | "arc";

/**
 * What goes wrong with an answer.
 *
 * | kind | effect |
 * | --- | --- |
 * | `delay` | answers `ms` simulated milliseconds late |
 * | `hold` | answers when the fault's handle releases it |
 * | `hang` | never answers |
 * | `reset` | resets the connection, before the headers or after `afterBytes` of the body |
 * | `truncate` | closes the connection after `afterBytes` of the body, default half of it |
 * | `garbage` | answers 200 (`status`) with 64 random bytes, `Content-Type: application/json` unless given |
 * | `huge` | answers 200 with a body of `bytes`, default 10 MiB |
 * | `status` | answers with this status, headers and body (a string as it is, anything else as JSON) |
 * | `headers` | answers as usual, but with headers set and removed |
 *
 * @public
 */
export type Fault =
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "hold" }
  | { readonly kind: "hang" }
  | { readonly kind: "reset"; readonly afterBytes?: number | undefined }
  | { readonly kind: "truncate"; readonly afterBytes?: number | undefined }
  | {
      readonly kind: "garbage";
      readonly status?: number | undefined;
      readonly contentType?: string | undefined;
    }
  | { readonly kind: "huge"; readonly bytes?: number | undefined }
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>> | undefined;
      readonly body?: unknown;
    }
  | {
      readonly kind: "headers";
      readonly set?: Readonly<Record<string, string>> | undefined;
      readonly remove?: readonly string[] | undefined;
    };

/** Who would answer, and whether it goes over a connection of its own. */
export interface FaultContext {
  readonly request: SimulatedRequest;
  readonly time: SimulatedTime;
  readonly released: Promise<void>;
}

type Answer = () => Promise<Outcome>;
type Applier<K extends Fault["kind"]> = (
  fault: Extract<Fault, { kind: K }>,
  answer: Answer,
  context: FaultContext,
) => Promise<Outcome>;

const HUGE_BYTES = 10 * 1024 * 1024;

const replied = (reply: Reply): Outcome => ({ kind: "reply", reply });
const json = { "Content-Type": "application/json; charset=utf-8" };

async function untilAborted(signal: AbortSignal): Promise<never> {
  return await new Promise((_, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}

function withHeaders(reply: Reply, fault: Extract<Fault, { kind: "headers" }>): Reply {
  const dropped = new Set(
    [...(fault.remove ?? []), ...Object.keys(fault.set ?? {})].map((name) => name.toLowerCase()),
  );
  const kept = Object.entries(reply.headers).filter(([name]) => !dropped.has(name.toLowerCase()));
  return { ...reply, headers: { ...Object.fromEntries(kept), ...fault.set } };
}

async function cut(answer: Answer, end: "close" | "reset", afterBytes: number | undefined): Promise<Outcome> {
  const outcome = await answer();
  if (outcome.kind !== "reply") return outcome;
  const sentBytes = afterBytes ?? Math.floor(Buffer.byteLength(outcome.reply.body) / 2);
  return { kind: "cut", reply: outcome.reply, sentBytes, end };
}

const APPLIERS: { readonly [K in Fault["kind"]]: Applier<K> } = {
  async delay({ ms }, answer, { time, request }) {
    await time.wait(ms, request.signal);
    return await answer();
  },
  async hold(_fault, answer, { request, released }) {
    await Promise.race([released, untilAborted(request.signal)]);
    return await answer();
  },
  hang: async (_fault, _answer, { request }) => await untilAborted(request.signal),
  async reset({ afterBytes }, answer) {
    return afterBytes === undefined ? { kind: "reset" } : await cut(answer, "reset", afterBytes);
  },
  truncate: async ({ afterBytes }, answer) => await cut(answer, "close", afterBytes),
  async garbage({ status = 200, contentType }) {
    const headers = { "Content-Type": contentType ?? json["Content-Type"] };
    // The first byte makes it neither JSON nor text by accident.
    return await Promise.resolve(
      replied({ status, headers, body: Buffer.concat([Buffer.of(0), randomBytes(63)]) }),
    );
  },
  async huge({ bytes = HUGE_BYTES }) {
    return await Promise.resolve(replied({ status: 200, headers: json, body: Buffer.alloc(bytes, " ") }));
  },
  async status({ status, headers = {}, body = "" }) {
    const text = typeof body === "string";
    const type = text ? { "Content-Type": "text/plain; charset=utf-8" } : json;
    return await Promise.resolve(
      replied({ status, headers: { ...type, ...headers }, body: text ? body : JSON.stringify(body) }),
    );
  },
  async headers(fault, answer) {
    const outcome = await answer();
    return outcome.kind === "reset" ? outcome : { ...outcome, reply: withHeaders(outcome.reply, fault) };
  },
};

/** Answers with `faults` in force, the first outermost: `[delay, status]` is late, then refuses. */
export async function answerWithFaults(
  faults: readonly Fault[],
  context: FaultContext,
  usual: () => Promise<Reply>,
): Promise<Outcome> {
  const innermost: Answer = async () => replied(await usual());
  const answer = faults.reduceRight<Answer>((inner, fault) => {
    // The table maps each kind to a function of that kind, which the compiler cannot follow through a variable key.
    const apply = APPLIERS[fault.kind] as Applier<Fault["kind"]>;
    return async () => await apply(fault, inner, context);
  }, innermost);
  return await answer();
}
