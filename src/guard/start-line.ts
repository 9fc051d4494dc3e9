import type { Expectation } from "../identity/expectation.js";

/** What the line says about a credential that starts. */
export interface StartFacts {
  /** The class. */
  readonly name: string;
  /** The one that `DefaultAzureCredential` is. */
  readonly member?: string | undefined;
  /** The identity plane that was found, in words. */
  readonly plane: string;
  /** Why it was found. */
  readonly why: string;
  readonly gateName: string | undefined;
  /** Where tokens come from. */
  readonly source: string;
  /** The identity that is asked for, in words; `undefined` where the request names none. */
  readonly identity: string | undefined;
  readonly expectation: Expectation | undefined;
}

/** The one line at start: which plane was found and why, and which identity is expected to answer. */
export function startLine({ name, member, plane, why, gateName, source, ...who }: StartFacts): string {
  const asked =
    member === undefined ? name : `DefaultAzureCredential is the ${member}, and falls through to no other`;
  return (
    `${asked} => found ${plane}, since ${why}; gate: ${gateName ?? "none"}; tokens come from ${source}; ` +
    `should answer: ${identityWords(who)}`
  );
}

function identityWords({ identity, expectation }: Pick<StartFacts, "identity" | "expectation">): string {
  const asked = identity ?? "the default identity";
  if (expectation === undefined) return `${asked} (not checked: nothing is expected)`;
  const { objectIds, clientIds, tenantIds, resourceIds } = expectation;
  const pinned = Object.entries({ oid: objectIds, appid: clientIds, tid: tenantIds, xms_mirid: resourceIds })
    .filter(([, values]) => values.length > 0)
    .map(([claim, values]) => `${claim} ${values.join(" or ")}`);
  return pinned.length === 0 ? asked : `${asked}, with ${pinned.join(", ")}`;
}
