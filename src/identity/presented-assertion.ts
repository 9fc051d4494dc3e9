import { redact } from "./redact-text.js";
import type { AssertionClaims } from "./assertion-claims.js";

/** The claims by which Entra ID looks for a federated credential. They are names, and no secrets. */
export type PresentedAssertion = Pick<AssertionClaims, "issuer" | "subject" | "audience">;

/**
 * How Entra ID names what was presented: `Assertion Issuer: '...'` in AADSTS70021, `presented assertion issuer '...'`
 * in AADSTS700211 and its like (azure-workload-identity#1200, #340).
 */
const NAMED = /assertion (issuer|subject|audience):? '([^']{1,512})'/giu;

/** Names of Kubernetes are DNS names of lower case letters, digits, dots and dashes, of up to 253 characters. */
const SERVICE_ACCOUNT = /^system:serviceaccount:[a-z\d-]{1,63}:[a-z\d.-]{1,253}$/u;

/** A host in lower case is no token, however long. */
const ORIGIN = /^https:\/\/[a-z\d.-]{1,253}(?=[/:]|$)/u;

const MAX_LENGTH = 300;

/** What the text of an error says was presented. */
export function presentedIn(text: string): PresentedAssertion {
  const found = new Map<string, string>();
  for (const [, claim = "", value = ""] of text.matchAll(NAMED)) {
    if (!found.has(claim.toLowerCase())) found.set(claim.toLowerCase(), value);
  }
  const [issuer, subject, audience] = ["issuer", "subject", "audience"].map((claim) => found.get(claim));
  return {
    ...(issuer === undefined ? {} : { issuer }),
    ...(subject === undefined ? {} : { subject }),
    ...(audience === undefined ? {} : { audience: [audience] }),
  };
}

/**
 * `issuer ..., subject ..., audience ...`, as far as they are known. Redaction of a whole text would eat an issuer, whose
 * path is as long as a token; here each of its segments is judged by itself.
 */
export function describeAssertion({ issuer, subject, audience }: PresentedAssertion): string {
  return [
    ...(issuer === undefined ? [] : [`issuer ${shown(issuer)}`]),
    ...(subject === undefined ? [] : [`subject ${shown(subject)}`]),
    ...(audience === undefined ? [] : [`audience ${audience.slice(0, 3).map(shown).join(" ")}`]),
  ].join(", ");
}

const PRESENTED = "; presented: ";

/** The end of a message about an exchange that was refused; nothing where nothing is known of what was presented. */
export function sayPresented(presented: PresentedAssertion): string {
  const said = describeAssertion(presented);
  return said === "" ? "" : `${PRESENTED}${said}`;
}

/**
 * `message` with what was presented at its end: what it says itself (`named`), which may stand there already, and what is
 * known from elsewhere.
 */
export function addPresented(message: string, named: PresentedAssertion, known: PresentedAssertion): string {
  if (!message.includes(PRESENTED)) return message + sayPresented({ ...known, ...named });
  const more = Object.fromEntries(Object.entries(known).filter(([claim]) => !(claim in named)));
  const said = describeAssertion(more);
  return said === "" ? message : `${message}, ${said}`;
}

function shown(value: string): string {
  const text = SERVICE_ACCOUNT.test(value) ? value : showParts(value);
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH - 1)}…`;
}

/** Written as it was given, since one slash too few at the end of an issuer is what people look for. */
function showParts(value: string): string {
  const [origin = ""] = ORIGIN.exec(value) ?? [];
  const rest = value.slice(origin.length).split(/([/:])/u);
  return origin + rest.map((part) => redact(part)).join("");
}
