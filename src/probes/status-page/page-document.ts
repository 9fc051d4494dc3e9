import { PACKAGE_VERSION } from "../../package-info.js";
import { DEFINITIONS } from "./drawings.js";
import { markup, trusted } from "./markup.js";
import { pageHeaders } from "./page-headers.js";
import { PAGE_SCRIPT } from "./page-script.js";
import { PAGE_STYLE } from "./page-style.js";
import type { PageView } from "./page-view.js";

export const PAGE_HEADERS: Readonly<Record<string, string>> = pageHeaders({
  script: PAGE_SCRIPT,
  style: PAGE_STYLE,
  referrer: "no-referrer",
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
