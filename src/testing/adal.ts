import { setMaxListeners } from "node:events";
import { splitTarget } from "./exchange.js";
import type { Reply, SimulatedRequest } from "./exchange.js";
import type { FaultScript } from "./fault-script.js";
import { answerWithFaults } from "./faults.js";
import type { ImdsHandler } from "./imds-handler.js";
import type { SimulatedTime } from "./simulated-time.js";

/**
 * A request that NMI made to IMDS itself.
 *
 * @public
 */
export interface UpstreamCall {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** `undefined`: NMI named none, as for excepted pods. */
  readonly clientId: string | undefined;
  readonly resource: string;
  /** 1 to 5. */
  readonly attempt: number;
  /** `undefined`: the connection failed. */
  readonly status: number | undefined;
}

/** What a token request of NMI to IMDS came to. */
export type RefreshResult =
  | { readonly kind: "token"; readonly body: Readonly<Record<string, unknown>> }
  /** IMDS answered, without a usable token: NMI says 403. */
  | { readonly kind: "refused"; readonly message: string }
  /** IMDS could not be reached: NMI says 503. */
  | { readonly kind: "unreachable"; readonly message: string };

/** Waited after each attempt, the last included (go-autorest adal/token.go, `retryForIMDS`). */
const RETRY_SECONDS = [2, 6, 14, 30, 60];
const isRetried = (status: number): boolean =>
  [404, 408, 410, 429].includes(status) || (status >= 500 && status <= 511);

const MAX_CALLS = 10_000;
const METADATA_HOST = "http://169.254.169.254";
const TOKEN_PATH = "/metadata/identity/oauth2/token";

class ConnectionError extends Error {}

/** NMI's side towards IMDS, with the hidden retries of its token library. */
export class Adal {
  readonly calls: UpstreamCall[] = [];
  readonly #imds: ImdsHandler;
  readonly #faults: FaultScript;
  readonly #time: SimulatedTime;

  constructor(imds: ImdsHandler, faults: FaultScript, time: SimulatedTime) {
    this.#imds = imds;
    this.#faults = faults;
    this.#time = time;
  }

  /**
   * Asks IMDS for a token, up to five times. Goes on when the pod's request is gone, as NMI does (the context it passes
   * is not the request's), and ends with `signal`, the life of the NMI process.
   */
  async refresh(clientId: string | undefined, resource: string, signal: AbortSignal): Promise<RefreshResult> {
    const query = new URLSearchParams({ "api-version": "2018-02-01" });
    if (clientId !== undefined) query.set("client_id", clientId);
    query.set("resource", resource);
    const target = `${TOKEN_PATH}?${query.toString()}`;
    let result: RefreshResult = { kind: "unreachable", message: "" };
    for (const [index, seconds] of RETRY_SECONDS.entries()) {
      const reply = await this.#call(target, signal);
      const status = reply instanceof ConnectionError ? undefined : reply.status;
      this.#record({ at: this.#time.now(), clientId, resource, attempt: index + 1, status });
      result = judge(reply, METADATA_HOST + target);
      if (status !== undefined && !isRetried(status)) return result;
      await this.#time.wait(seconds * 1000, signal);
    }
    return result;
  }

  /** Passes a request for another path on, once. */
  async forward(request: SimulatedRequest): Promise<Reply | undefined> {
    const reply = await this.#send(request);
    return reply instanceof ConnectionError ? undefined : reply;
  }

  async #call(target: string, processSignal: AbortSignal): Promise<Reply | ConnectionError> {
    // Faults and IMDS listen to the signal of a request; the process's own would keep those listeners for its life.
    const controller = new AbortController();
    setMaxListeners(0, controller.signal);
    const abort = (): void => controller.abort(processSignal.reason);
    if (processSignal.aborted) abort();
    processSignal.addEventListener("abort", abort, { once: true });
    try {
      return await this.#send({
        method: "GET",
        ...splitTarget(target),
        headers: { metadata: "true" },
        body: "",
        sourceAddress: "127.0.0.1",
        signal: controller.signal,
      });
    } finally {
      processSignal.removeEventListener("abort", abort);
      // The request is over, for whatever still listens to it.
      controller.abort();
    }
  }

  async #send(request: SimulatedRequest): Promise<Reply | ConnectionError> {
    const usual = async (): Promise<Reply> => await this.#imds.answer(request, "nmi");
    const drawn = this.#faults.draw(["imds"], request);
    if (drawn === undefined) return await usual();
    const context = { request, time: this.#time, released: drawn.released };
    const outcome = await answerWithFaults(drawn.faults, context, usual);
    if (outcome.kind === "reply") return outcome.reply;
    return new ConnectionError(outcome.kind === "reset" ? "connection reset by peer" : "unexpected EOF");
  }

  #record(call: UpstreamCall): void {
    this.calls.push(call);
    if (this.calls.length > MAX_CALLS) this.calls.shift();
  }
}

/** Texts of go-autorest adal/token.go, `refreshInternal`. They quote the body whatever it holds, a token included. */
function judge(reply: Reply | ConnectionError, url: string): RefreshResult {
  if (reply instanceof ConnectionError) {
    const message = `adal: Failed to execute the refresh request. Error = 'Get "${url}": ${reply.message}'`;
    return { kind: "unreachable", message };
  }
  const text = reply.body.toString();
  if (reply.status !== 200) {
    return {
      kind: "refused",
      message: `adal: Refresh request failed. Status Code = '${reply.status}'. Response body: ${text} Endpoint ${url}`,
    };
  }
  if (text.trim() === "") {
    return { kind: "refused", message: "adal: Empty service principal token received during refresh" };
  }
  const body = parseObject(text);
  if (body !== undefined) return { kind: "token", body };
  const failure = "adal: Failed to unmarshal the service principal token during refresh";
  return { kind: "refused", message: `${failure}. Error = 'invalid character in JSON' JSON = '${text}'` };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
