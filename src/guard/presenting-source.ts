import type { TokenFileReader } from "../gate/token-file.js";
import { readAssertion } from "../identity/assertion-claims.js";
import { presentedIn, sayPresented, type PresentedAssertion } from "../identity/presented-assertion.js";
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
        if (error instanceof AttemptFailure) throw error;
        const text = error instanceof Error ? error.message : "";
        if (path === undefined || !concernsAssertion(text)) throw error;
        const { name, message } = redactError(error);
        const presented = { ...(await fileClaims(path, readFile)), ...presentedIn(text) };
        throw new AttemptFailure(
          redact(`${name}: ${message}`) + sayPresented(presented),
          { kind: "thrown", error },
          { cause: error },
        );
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
