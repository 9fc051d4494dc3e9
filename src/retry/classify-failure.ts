import { answerVerdict } from "./answer-verdicts.js";
import type { FailureEvidence } from "./attempt-failure.js";
import { answerFacts } from "./failure-facts.js";
import { BYPASS } from "./plane-verdicts.js";
import { timeoutVerdict, transportVerdict } from "./transport-verdicts.js";
import { thrownVerdict } from "./thrown-verdicts.js";
import { verdictOf, type ClassificationContext, type Verdict, type VerdictRow } from "./verdict.js";

export type { ClassificationContext, FailureReason, Verdict } from "./verdict.js";

/** Kinds of evidence that speak for themselves. What each means is the library's own decision. */
const BY_KIND: Readonly<
  Record<Exclude<FailureEvidence["kind"], "answer" | "transport" | "timeout" | "thrown">, VerdictRow>
> = {
  "wrong-plane": {
    reason: "wrong-plane",
    meaning:
      "The token did not come through the plane that the gate watches, so it may be another identity's.",
    remedy: BYPASS.nmi.remedy,
    source: "aad-pod-identity website, Configure/feature_flags.md (conntrack); #1243",
  },
  mismatch: {
    reason: "identity-mismatch",
    meaning: "The token belongs to another identity than expected.",
    remedy:
      "If it lasts, compare the expected ids with the identity (oid is its principalId), and set its client ID in the request.",
    source:
      "learn.microsoft.com, Managed identities for Azure resources frequently asked questions (default identity)",
  },
  unverifiable: {
    reason: "token-unverifiable",
    permanent: true,
    meaning: "The token's claims cannot be compared with what is expected.",
    remedy:
      "Where this resource uses tokens that cannot be read, set AZURE_IDENTITY_GUARD_UNREADABLE_TOKENS=accept.",
    source:
      "learn.microsoft.com, Access tokens in the Microsoft identity platform (tokens are opaque to clients)",
  },
  expiring: {
    reason: "token-expired",
    meaning: "The token has less than 30 s of life left; a cache on the way served an old one.",
    remedy: "If it lasts, compare the node's clock.",
    source: "aad-pod-identity#1071",
  },
  "gate-closed": {
    reason: "gate-closed",
    meaning: "The gate was not open after the token had come, so the token may be another identity's.",
    remedy: "Wait; the gate's own reason says for what.",
    source: "aad-pod-identity pkg/nmi/server/server.go (handleTermination removes the rule at once)",
  },
  "no-token": {
    reason: "no-token",
    permanent: true,
    meaning: "The credential returned no token and no error.",
    remedy: "Correct the credential: it has to return a token or to throw.",
    source: "@azure/core-auth tokenCredential.ts",
  },
};

/**
 * Decides what a failure means and whether asking again may help. Pure. HTTP status and who answered come before
 * text, which may be lost or change; what nobody knows is transient, with reason `credential-error`.
 */
export function classifyFailure(evidence: FailureEvidence, context: ClassificationContext): Verdict {
  switch (evidence.kind) {
    case "answer":
      return verdictOf(answerVerdict(answerFacts(evidence), context) ?? UNKNOWN_ANSWER);
    case "transport":
      return verdictOf(transportVerdict(evidence.code, context));
    case "thrown":
      return thrownVerdict(evidence.error, context, classifyFailure);
    case "timeout":
      return verdictOf(timeoutVerdict(context));
    case "wrong-plane": {
      const { plane } = context;
      return verdictOf(
        plane === "proxy"
          ? { ...BY_KIND["wrong-plane"], remedy: BYPASS.proxy.remedy }
          : BY_KIND["wrong-plane"],
      );
    }
    case "mismatch":
    case "unverifiable":
    case "expiring":
    case "gate-closed":
    case "no-token":
      return verdictOf(BY_KIND[evidence.kind]);
  }
}

const UNKNOWN_ANSWER: VerdictRow = {
  reason: "credential-error",
  meaning: "The identity plane answered with a status that says nothing known.",
  remedy: "If it lasts, look for a proxy or a service mesh between the pod and the identity endpoint.",
  source: "RFC 9110, 15.5",
};
