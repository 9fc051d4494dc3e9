import type { ConfigurationProblem } from "../errors.js";
import { showValue } from "./show-value.js";

/**
 * What the claims of every token must say. Each field takes one value or several, of which one must match.
 * A field that is absent or `undefined` expects nothing.
 *
 * @public
 */
export interface ExpectOptions {
  /** `oid`, a GUID: the identity's principal ID (`az identity show --query principalId`), not its client ID. */
  readonly objectId?: string | readonly string[] | undefined;
  /** `appid` or `azp`, a GUID: the identity's client ID. */
  readonly clientId?: string | readonly string[] | undefined;
  /** `tid`, a GUID. */
  readonly tenantId?: string | readonly string[] | undefined;
  /** `xms_mirid`: the identity's Azure resource ID, `/subscriptions/...`. Undocumented: pin `objectId` first. */
  readonly resourceId?: string | readonly string[] | undefined;
  /** `aud` by scope, for example `{ "https://vault.azure.net/.default": "https://vault.azure.net" }`. */
  readonly audience?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** What becomes of a token that is no JWT, or lacks an expected claim. Default `reject`. */
  readonly unreadable?: "reject" | "accept" | undefined;
}

/** {@link ExpectOptions}, checked: lower case, sorted, without duplicates, frozen. An empty list expects nothing. */
export interface Expectation {
  readonly objectIds: readonly string[];
  readonly clientIds: readonly string[];
  readonly tenantIds: readonly string[];
  readonly resourceIds: readonly string[];
  /** Accepted audiences, as {@link normalAudience} writes them, by scope, as {@link normalScope} writes it. */
  readonly audience: Readonly<Record<string, readonly string[]>>;
  readonly unreadable: "reject" | "accept";
}

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;
const RESOURCE_ID = /^\/subscriptions(?:\/[^/\s]+){2,}$/u;
const NO_SPACE = /^\S+$/u;

const A_GUID = "a GUID such as 01234567-89ab-cdef-0123-456789abcdef";

interface Rule {
  readonly form: RegExp;
  readonly expected: string;
}

const RULES: Readonly<Record<"objectId" | "clientId" | "tenantId" | "resourceId", Rule>> = {
  objectId: {
    form: GUID,
    expected: `${A_GUID}: the identity's principalId, as "az identity show --query principalId" prints it, not its clientId`,
  },
  clientId: { form: GUID, expected: `${A_GUID}: the identity's clientId` },
  tenantId: { form: GUID, expected: `${A_GUID}: the tenant's ID, not its domain name` },
  resourceId: {
    form: RESOURCE_ID,
    expected:
      "an Azure resource ID such as /subscriptions/SUBSCRIPTION/resourcegroups/GROUP/providers/Microsoft.ManagedIdentity/userAssignedIdentities/NAME",
  },
};

const AUDIENCE_FORM =
  'audiences by scope, such as { "https://vault.azure.net/.default": "https://vault.azure.net" }; in a variable scope=audience|audience,scope=audience';

/**
 * Checks and normalises what a token must say.
 *
 * @param nameOf the option's path or the variable's name, whichever gave the field, for messages
 * @returns every problem found; `expectation` is `undefined` when nothing is expected
 */
export function createExpectation(
  given: ExpectOptions,
  nameOf: (field: keyof ExpectOptions) => string,
): { expectation: Expectation | undefined; problems: ConfigurationProblem[] } {
  const problems: ConfigurationProblem[] = [];
  const report = (field: keyof ExpectOptions, value: unknown, expected: string): void => {
    problems.push({ name: nameOf(field), value: showValue(value), expected });
  };
  const identifiers = (field: keyof typeof RULES): readonly string[] => {
    const rule = RULES[field];
    return valuesOf(given[field], normalIdentifier, rule.form, (value) => {
      report(field, value, rule.expected);
    });
  };
  const expectation: Expectation = Object.freeze({
    objectIds: identifiers("objectId"),
    clientIds: identifiers("clientId"),
    tenantIds: identifiers("tenantId"),
    resourceIds: identifiers("resourceId"),
    audience: audiencesOf(given.audience, (value) => {
      report("audience", value, AUDIENCE_FORM);
    }),
    unreadable: given.unreadable === "accept" ? "accept" : "reject",
  });
  const { unreadable } = given as { readonly unreadable?: unknown }; // JavaScript callers may give anything
  if (unreadable !== undefined && unreadable !== "accept" && unreadable !== "reject") {
    report("unreadable", unreadable, "reject or accept");
  }
  return { expectation: expectsSomething(expectation) ? expectation : undefined, problems };
}

/** The same text for expectations that accept the same tokens; state is shared by it. */
export function expectationKey(expectation: Expectation | undefined): string {
  if (expectation === undefined) return "none";
  const { objectIds, clientIds, tenantIds, resourceIds, audience, unreadable } = expectation;
  const audiences = Object.entries(audience).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([objectIds, clientIds, tenantIds, resourceIds, audiences, unreadable]);
}

/** GUIDs and resource IDs compare without case: Azure writes them in both, and never two that differ only in case. */
export function normalIdentifier(value: string): string {
  return value.toLowerCase();
}

/** Audiences compare without case and without one slash at the end: it follows the request, not the resource. */
export function normalAudience(value: string): string {
  return value.toLowerCase().replace(/\/$/u, "");
}

/** `https://vault.azure.net`, with a slash and with `/.default` ask for the same token. */
export function normalScope(scope: string): string {
  return normalAudience(scope.toLowerCase().replace(/\/\.default$/u, ""));
}

function valuesOf(
  given: unknown,
  normal: (value: string) => string,
  form: RegExp,
  refuse: (value: unknown) => void,
): readonly string[] {
  if (given === undefined) return Object.freeze([]);
  const values: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (values.length === 0) refuse(given);
  const accepted = new Set<string>();
  // Not `forEach`, which would pass over the holes of a sparse list.
  for (const value of values) {
    const normalised = typeof value === "string" ? normal(value.trim()) : "";
    if (form.test(normalised)) accepted.add(normalised);
    else refuse(value);
  }
  return Object.freeze([...accepted].sort());
}

function audiencesOf(
  given: unknown,
  refuse: (value: unknown) => void,
): Readonly<Record<string, readonly string[]>> {
  if (given === undefined) return Object.freeze({});
  if (
    typeof given !== "object" ||
    given === null ||
    Array.isArray(given) ||
    Object.keys(given).length === 0
  ) {
    refuse(given);
    return Object.freeze({});
  }
  const byScope = new Map<string, readonly string[]>();
  for (const [scope, audiences] of Object.entries(given as Readonly<Record<string, unknown>>)) {
    const key = normalScope(scope.trim());
    if (!NO_SPACE.test(key)) refuse(scope);
    const accepted = valuesOf(audiences ?? null, normalAudience, NO_SPACE, refuse);
    // Two ways to write one scope are one scope.
    byScope.set(key, Object.freeze([...new Set([...(byScope.get(key) ?? []), ...accepted])].sort()));
  }
  return Object.freeze(Object.fromEntries(byScope));
}

function expectsSomething({ objectIds, clientIds, tenantIds, resourceIds, audience }: Expectation): boolean {
  return [objectIds, clientIds, tenantIds, resourceIds, Object.keys(audience)].some(
    (values) => values.length > 0,
  );
}
