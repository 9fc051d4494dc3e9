import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createPipelineFromOptions,
  createPipelineRequest,
} from "@azure/core-rest-pipeline";
import type { Clock } from "../clock.js";
import { retryAfterMs } from "../endpoint/retry-after.js";
import type { GuardedCredential } from "../guard/guarded-credential.js";
import { redact } from "../identity/redact.js";
import { showValue } from "../identity/show-value.js";
import { PACKAGE_NAME, PACKAGE_VERSION } from "../package-info.js";
import type { RunCommand } from "./command.js";
import { usageError } from "./usage.js";
import { sayProxy, verifiedToken, withCredential } from "./wait-token.js";
import { INTERVAL_MS, runWait, type Sight } from "./waiting.js";

export const ARM_ENDPOINT = "https://management.azure.com";

/** https://learn.microsoft.com/rest/api/resources/subscriptions/list */
const LIST_SUBSCRIPTIONS = "/subscriptions?api-version=2022-12-01";

const REQUEST_TIMEOUT_MS = 15_000;

/** A refusal is asked about again no sooner: all pods that wait share the limits of the tenant. */
const REFUSED_WAIT_MS = 5_000;

const MAX_BODY_BYTES = 1_048_576;

/** `@azure/core-rest-pipeline`'s way to say that no body is to be read as a whole. */
const ALL_STATUSES = new Set([Number.POSITIVE_INFINITY]);

/** What Azure Resource Manager says of a token that it will never take; an expired one is another next time. */
const REFUSED_FOR_GOOD = /^InvalidAuthenticationToken/u;

/** An answer, and how long it is not worth asking again. */
type ArmSight = Sight & { readonly waitMs: number; readonly forGood?: boolean };

/**
 * `wait arm`: blocks until Azure Resource Manager has accepted the token, by listing subscriptions, which is what
 * `az login --identity` does before it says that it succeeded.
 */
export const waitArm: RunCommand = async (values, io) => {
  const given = values.text("--arm-endpoint") ?? ARM_ENDPOINT;
  const endpoint = URL.canParse(given) ? new URL(given) : undefined;
  if (endpoint?.protocol !== "https:" || `${endpoint.origin}/` !== endpoint.href) {
    const problem = `--arm-endpoint is ${showValue(given)}; expected an https: URL without a path, such as ${ARM_ENDPOINT}`;
    return usageError(io, "wait arm", [problem]);
  }
  const scope = values.text("--scope") ?? `${endpoint.origin}/.default`;
  const intervalMs = values.read("--interval", "duration") ?? INTERVAL_MS;
  return await withCredential(values, io, "wait arm", async (credential) => {
    sayProxy(credential, io);
    const list = subscriptions(credential, endpoint.origin, scope, io.clock);
    return await runWait(values, io, "Azure Resource Manager", async (see, signal) => {
      for (let asked = false; ; asked = true) {
        const token = await verifiedToken(credential, scope, see, signal);
        if (token === undefined) return undefined;
        // Afterwards its last answer is what stands in the way.
        if (!asked) see(asking(token));
        const answer = await list(signal);
        if (answer.reason === "accepted") {
          return {
            ...answer,
            line: `${token.line}; ${answer.line}`,
            seen: { ...token.seen, ...answer.seen },
          };
        }
        see(answer);
        if (answer.forGood === true) return undefined;
        await io.clock.sleep(Math.max(intervalMs, answer.waitMs), signal);
      }
    });
  });
};

/** Asks once; whatever comes is a sight. Rejects with the reason of the signal only. */
function subscriptions(
  credential: GuardedCredential,
  origin: string,
  scope: string,
  clock: Clock,
): (signal: AbortSignal) => Promise<ArmSight> {
  const pipeline = createPipelineFromOptions({
    retryOptions: { maxRetries: 0 },
    redirectOptions: { maxRetries: 0 },
    userAgentOptions: { userAgentPrefix: `${PACKAGE_NAME}/${PACKAGE_VERSION}` },
  });
  pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: scope }));
  const client = createDefaultHttpClient();
  return async (abortSignal) => {
    const url = `${origin}${LIST_SUBSCRIPTIONS}`;
    const request = createPipelineRequest({
      url,
      abortSignal,
      timeout: REQUEST_TIMEOUT_MS,
      streamResponseStatusCodes: ALL_STATUSES,
    });
    try {
      const { status, readableStreamBody, headers } = await pipeline.sendRequest(client, request);
      const bodyAsText = await beginning(readableStreamBody);
      const count = status === 200 ? countOf(bodyAsText) : undefined;
      if (count !== undefined) return listed(count);
      const asked = retryAfterMs((name) => headers.get(name), clock.now());
      return refused(status, bodyAsText, asked ?? REFUSED_WAIT_MS);
    } catch (error) {
      abortSignal.throwIfAborted();
      const detail = redact(error instanceof Error ? error.message : String(error), 300);
      return {
        reason: "arm-unreachable",
        line: `${showValue(origin)} cannot be asked: ${detail}`,
        seen: { reason: "arm-unreachable", detail },
        waitMs: 0,
      };
    }
  };
}

/** What is being waited for changes once there is a token. */
function asking(token: Sight): Sight {
  return {
    reason: "arm-asked",
    line: `Azure Resource Manager's answer; ${token.line}`,
    seen: { reason: "arm-asked", ...token.seen },
  };
}

/** As much of a body as a list of subscriptions may take. */
async function beginning(body: NodeJS.ReadableStream | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop destroys the stream.
  for await (const chunk of body ?? []) {
    chunks.push(Buffer.from(chunk));
    size += chunk.length;
    if (size > MAX_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** With none, `az login --identity` fails as well: the identity has no role yet, or none that is known everywhere. */
function listed(count: number): ArmSight {
  const reason = count === 0 ? "arm-no-subscriptions" : "accepted";
  const line =
    count === 0
      ? "Azure Resource Manager shows this identity no subscription: it has no role yet"
      : `Azure Resource Manager accepted it, and shows ${count} subscription${count === 1 ? "" : "s"}`;
  return { reason, line, seen: { reason, subscriptions: count }, waitMs: count === 0 ? REFUSED_WAIT_MS : 0 };
}

function countOf(body: string): number | undefined {
  try {
    const { value } = JSON.parse(body) as { readonly value?: unknown };
    return Array.isArray(value) ? value.length : undefined;
  } catch {
    return undefined;
  }
}

function refused(status: number, body: string, waitMs: number): ArmSight {
  const detail = redact(body, 300);
  const reason = `arm-${status}`;
  return {
    reason,
    line: `Azure Resource Manager answered ${status} ${detail}`.trim(),
    seen: { reason, status, detail },
    waitMs,
    forGood: status === 401 && REFUSED_FOR_GOOD.test(codeOf(body)),
  };
}

function codeOf(body: string): string {
  try {
    const { error } = JSON.parse(body) as { readonly error?: { readonly code?: unknown } };
    return typeof error?.code === "string" ? error.code : "";
  } catch {
    return "";
  }
}
