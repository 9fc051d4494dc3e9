import type { TokenCredential } from "@azure/core-auth";
import type { PipelineRequest, PipelineResponse, SendRequest } from "@azure/core-rest-pipeline";
import type { TokenCredentialOptions } from "@azure/identity";
import type { Clock } from "../clock.js";
import { answerEvidence } from "../endpoint/answer-evidence.js";
import { parseJson } from "../endpoint/token-response.js";
import { AttemptFailure } from "../retry/attempt-failure.js";
import { tokenOf, type TokenSource } from "./token-source.js";

/** Policies in the pipeline of a credential of the SDK. */
export type Policies = NonNullable<TokenCredentialOptions["additionalPolicies"]>;

/** More than any error of Entra ID has, and as much as is looked at. */
const MAX_BODY = 65_536;

/**
 * Tokens of Entra ID through a credential of the SDK that is made for one attempt alone: `create` is called for each. So
 * its requests can be cut with that attempt, though the SDK ignores the signal that `getToken` is given and has no
 * timeout of its own; and MSAL repeats nothing from memory, neither a refused token nor, for 60 s or as long as
 * `Retry-After` says, an answer 429 or 5xx (msal-common network/ThrottlingUtils.ts).
 */
export function entraSource(
  description: string,
  create: (policies: Policies) => TokenCredential,
  clock: Pick<Clock, "now">,
): TokenSource {
  return {
    description,
    keyedBy: "request",
    direct: false,
    async acquire(request, signal) {
      const exchange = new EntraExchange(signal);
      try {
        return await tokenOf(create(exchange.policies), { description, request, signal });
      } catch (error) {
        throw exchange.explain(error, clock.now());
      }
    },
  };
}

/** The requests of one attempt, and what came of the last of them, which the SDK's errors may not say. */
class EntraExchange {
  readonly policies: Policies;
  readonly #signal: AbortSignal;
  #last: ((error: unknown, now: number) => AttemptFailure) | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    const sendRequest = async (request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> =>
      await this.#send(request, next);
    this.policies = [{ position: "perCall", policy: { name: "guardedAttempt", sendRequest } }];
  }

  /** What the last answer says, in place of what the SDK made of it; `error` itself where none says more. */
  explain(error: unknown, now: number): unknown {
    return error instanceof AttemptFailure ? error : (this.#last?.(error, now) ?? error);
  }

  async #send(request: PipelineRequest, next: SendRequest): Promise<PipelineResponse> {
    this.#last = undefined;
    // The SDK's own signal, which only its own client aborts.
    const { abortSignal: given } = request;
    request.abortSignal =
      given instanceof AbortSignal ? AbortSignal.any([given, this.#signal]) : this.#signal;
    try {
      const response = await next(request);
      if (response.status >= 400) this.#last = (error, now) => refusal(response, error, now);
      return response;
    } catch (error) {
      const response = responseOf(error);
      const code = codeOf(error);
      if (response !== undefined) this.#last = (thrown, now) => refusal(response, thrown, now);
      else if (code !== undefined) this.#last = (thrown) => noAnswer(request.url, code, thrown);
      throw error;
    }
  }
}

/** An answer of Entra ID, or of whoever answered in its place, that is no success or cannot be read. */
function refusal(response: PipelineResponse, cause: unknown, now: number): AttemptFailure {
  const { status } = response;
  if (status < 400) {
    // Nothing of its body is quoted, since it may hold half a token.
    const message = `Entra ID, or something on the way to it, answered ${status} with a body that is no JSON`;
    const evidence = { kind: "answer", status, provenance: "unknown", text: "", defect: "not-json" } as const;
    return new AttemptFailure(message, evidence, { cause });
  }
  const text = (response.bodyAsText ?? "").slice(0, MAX_BODY);
  const evidence = answerEvidence(response, { provenance: "unknown", text, body: parseJson(text), now });
  const by = evidence.error === undefined ? "Entra ID, or something on the way to it," : "Entra ID";
  const said = evidence.errorDescription ?? evidence.text;
  const message = `${by} answered ${status}${said === "" ? " without text" : `: ${said}`}`;
  return new AttemptFailure(message, evidence, { cause });
}

function noAnswer(url: string, code: string, cause: unknown): AttemptFailure {
  const host = URL.canParse(url) ? ` at ${new URL(url).host}` : "";
  return new AttemptFailure(
    `No answer from Entra ID${host}: ${code}`,
    { kind: "transport", code },
    { cause },
  );
}

/** The answer that the SDK's pipeline could not read: it throws a RestError, which has it. */
function responseOf(error: unknown): PipelineResponse | undefined {
  const response = error instanceof Error && "response" in error ? error.response : undefined;
  const isAnswer =
    typeof response === "object" && response !== null && "status" in response && "headers" in response;
  return isAnswer ? (response as PipelineResponse) : undefined;
}

/** The code of a connection that failed; what a policy of the application's own throws has most likely none. */
function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,63}$/u.test(code) ? code : undefined;
}
