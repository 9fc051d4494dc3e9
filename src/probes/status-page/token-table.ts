import type { HealthSnapshot, KeySnapshot } from "../../health/health-snapshot.js";
import { failureWords } from "./failure-words.js";
import { factList, identityFacts } from "./identity-facts.js";
import { cut, markup, type Markup } from "./markup.js";
import { resourceWords } from "./resource-words.js";
import { durationWords, timeElement } from "./time-words.js";

const SHOWN = 20;

/** The tokens in hand, and those that could not be had; `undefined` where nobody has asked for any. */
export function tokenTable({ keys, details, name }: HealthSnapshot, now: number): Markup | undefined {
  if (keys.length === 0) return undefined;
  const rows = keys.slice(0, SHOWN).map((key) => tokenRow(key, details, now));
  const left = keys.length - SHOWN;
  return markup`<table class="tokens">
    <caption class="unseen">Tokens of ${cut(name, 200)}</caption>
    <thead><tr><th scope="col">Token for</th><th scope="col">Expires</th></tr></thead>
    <tbody>${rows}${left > 0 ? markup`<tr><td>${left} more are not shown.</td><td></td></tr>` : undefined}</tbody>
  </table>`;
}

function tokenRow(
  { key, expiresOn, identity, lastFailure }: KeySnapshot,
  details: boolean,
  now: number,
): Markup {
  const whose = details ? factList(identityFacts(identity)) : undefined;
  const failed =
    lastFailure === undefined
      ? undefined
      : markup`<span class="note">Last request: ${failureWords(lastFailure.reason)}.</span>`;
  // A row of its own: a GUID is as wide as a phone.
  const more =
    whose === undefined && failed === undefined
      ? undefined
      : markup`<tr class="sub"><td colspan="2">${whose}${failed}</td></tr>`;
  return markup`<tr><td>${resourceWords(key, details)}</td><td>${expiry(expiresOn, now)}</td></tr>${more}`;
}

function expiry(expiresOn: number | undefined, now: number): Markup {
  if (expiresOn === undefined) return markup`no token`;
  const left = expiresOn - now;
  const words = left > 0 ? `in ${durationWords(left)}` : "expired";
  return markup`${words} <small>${timeElement(expiresOn, now)}</small>`;
}
