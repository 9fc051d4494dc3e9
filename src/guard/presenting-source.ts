import type { TokenFileReader } from "../gate/token-file.js";
import { readAssertion } from "../identity/assertion-claims.js";
import { addPresented, presentedIn, type PresentedAssertion } from "../identity/presented-assertion.js";
import { redact, redactError } from "../identity/redact.js";
import { AttemptFailure } from "../retry/attempt-failure.js";
import { concernsAssertion } from "../retry/entra-verdicts.js";
import type { TokenSource } from "./token-source.js";

/**
 * Says with each refusal of an assertion what was presented: Entra ID names one of issuer, subject and audience, or all
 * of them; what it leaves out is taken from the file, which is where the assertion came from a moment ago.
 */
export function presentingSource(
  source: TokenSource,
  path: string | undefined,
  readFile: TokenFileReader,
): TokenSource {
  return {
    ...source,
    async acquire(request, signal) {
      try {
        return await source.acquire(request, signal);
      } catch (error) {
        const text = textOf(error);
        if (path === undefined || !concernsAssertion(text)) throw error;
        const { message, evidence } = failureOf(error);
        // Of what is asked at the identity endpoint, the proxy alone presents what is in the pod's file.
        if (source.direct && !("provenance" in evidence && evidence.provenance === "proxy")) throw error;
        const whole = addPresented(message, presentedIn(text), await fileClaims(path, readFile));
        throw new AttemptFailure(whole, evidence, { cause: error });
      }
    },
  };
}

async function fileClaims(path: string, readFile: TokenFileReader): Promise<PresentedAssertion> {
  try {
    const file = await readFile(path);
    return ("text" in file ? readAssertion(file.text.trim()) : undefined) ?? {};
  } catch {
    return {}; // the gate says what is wrong with the file
  }
}

/** What was thrown, as it was said: redaction would take an issuer's path for a token. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  return error.cause instanceof Error ? `${error.cause.message}\n${error.message}` : error.message;
}

function failureOf(error: unknown): Pick<AttemptFailure, "message" | "evidence"> {
  if (error instanceof AttemptFailure) return error;
  const { name, message } = redactError(error);
  return { message: redact(`${name}: ${message}`), evidence: { kind: "thrown", error } };
}
