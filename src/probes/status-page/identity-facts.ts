import type { GuardEvents } from "../../health/guard-events.js";
import type { TokenIdentity } from "../../identity/token-claims.js";
import { cut, markup, type Markup } from "./markup.js";

/** Something that identifies somebody: only for pages with details. */
export interface IdentityFact {
  readonly name: string;
  readonly value: string;
}

const CLAIMS = [
  ["oid", "objectId"],
  ["client ID", "clientId"],
  ["tenant ID", "tenantId"],
  ["resource ID", "resourceId"],
] as const;

/** Whom a token names. */
export function identityFacts(identity: TokenIdentity | undefined): readonly IdentityFact[] {
  return CLAIMS.flatMap(([name, field]) => {
    const value = identity?.[field];
    return value === undefined ? [] : [{ name, value }];
  });
}

/** What a refused token said, beside what was expected of it. */
export function contradiction({ saw, expected }: GuardEvents["rejected"]): readonly IdentityFact[] {
  return CLAIMS.flatMap(([name, field]) => {
    const wanted = expected[field] ?? [];
    if (wanted.length === 0) return [];
    return [
      { name: `${name} that came`, value: saw?.[field] ?? "none" },
      { name: `${name} expected`, value: wanted.join(" or ") },
    ];
  });
}

export function factWords(facts: readonly IdentityFact[]): readonly string[] {
  return facts.map(({ name, value }) => `${name}: ${value}`);
}

/** The facts below each other, so that two that ought to be the same can be compared. */
export function factList(facts: readonly IdentityFact[]): Markup | undefined {
  if (facts.length === 0) return undefined;
  const rows = facts.map(({ name, value }) => markup`<dt>${name}</dt><dd>${cut(value, 400)}</dd>`);
  return markup`<dl class="ids">${rows}</dl>`;
}
