import type { IncomingHttpHeaders } from "node:http";

/** One HTTP request, as the simulated parts see it. */
export interface SimulatedRequest {
  readonly method: string;
  /** As sent: neither decoded nor normalised, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Empty where whoever answers takes none. */
  readonly body: string;
  /** IPv4 address where there is one. */
  readonly sourceAddress: string;
  /** Aborts when the client is gone, or the simulator closes. */
  readonly signal: AbortSignal;
}

/** One HTTP answer, before it is written. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** What becomes of a request: an answer, one that is cut off after some bytes of its body, or none. */
export type Outcome =
  | { readonly kind: "reply"; readonly reply: Reply }
  | {
      readonly kind: "cut";
      readonly reply: Reply;
      readonly sentBytes: number;
      readonly end: "close" | "reset";
    }
  | { readonly kind: "reset" };

/** Splits a request target without normalising it: a URL parser would turn the backslashes NMI looks for into slashes. */
export function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const mark = target.indexOf("?");
  if (mark < 0) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

/** `::ffff:127.0.0.1` is how a dual-stack socket names 127.0.0.1. */
export function plainAddress(address: string | undefined): string {
  return (address ?? "").replace(/^::ffff:/i, "");
}

/** Go's `http.Error`: what NMI answers with in all cases but one. */
export function goError(status: number, message: string, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      "X-Content-Type-Options": "nosniff",
      ...headers,
    },
    body: `${message}\n`,
  };
}

export function jsonReply(status: number, value: unknown, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { "Content-Type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(value),
  };
}
