import { sourceHash } from "./source-hash.js";

/** What a page is made of, and lets in beside. */
interface PageSources {
  readonly script: string;
  readonly style: string;
  /** Directives of its own. */
  readonly more?: readonly string[];
  readonly referrer: "no-referrer" | "same-origin";
}

/** Nothing but the page's own script and style runs, and nothing but its own server is asked. Icons are data: addresses. */
export function pageHeaders({
  script,
  style,
  more = [],
  referrer,
}: PageSources): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    `script-src ${sourceHash(script)}`,
    `style-src ${sourceHash(style)}`,
    "connect-src 'self'",
    ...more,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return Object.freeze({
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy.join("; "),
    "x-content-type-options": "nosniff",
    "referrer-policy": referrer,
    "cache-control": "no-store",
  });
}
