import { PACKAGE_VERSION } from "../../package-info.js";
import { DEFINITIONS } from "./drawings.js";
import { markup, trusted } from "./markup.js";
import { PAGE_SCRIPT } from "./page-script.js";
import { PAGE_STYLE } from "./page-style.js";
import type { PageView } from "./page-view.js";
import { sourceHash } from "./source-hash.js";

/** Nothing but the page's own script and style runs, and nothing but its own server is asked. Icons are data: addresses. */
const POLICY = [
  "default-src 'none'",
  `script-src ${sourceHash(PAGE_SCRIPT)}`,
  `style-src ${sourceHash(PAGE_STYLE)}`,
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export const PAGE_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
});

/** The whole page. Readable without the script, which makes it live. */
export function pageDocument({ title, icon, announcement, at, sections }: PageView): string {
  const filled = [...sections].map(
    ([id, html]) => markup`<section id="${id}" aria-labelledby="${id}-title">${trusted(html)}</section>`,
  );
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<noscript><meta http-equiv="refresh" content="10"></noscript>
<title>${title}</title>
<link rel="icon" id="icon" href="${icon}">
<style>${trusted(PAGE_STYLE)}</style>
</head>
<body>
${DEFINITIONS}
<header><strong>azure-identity-guard</strong><span><span id="connection">as of</span> <span id="at">${at}</span></span></header>
<main id="sections">${filled}</main>
<p id="announcement" class="unseen" role="status">${announcement}</p>
<footer>azure-identity-guard ${PACKAGE_VERSION}. This page holds no token. Object IDs and addresses are shown of credentials whose <code>health.details</code> is on.</footer>
<script>${trusted(PAGE_SCRIPT)}</script>
</body>
</html>
`.text;
}
