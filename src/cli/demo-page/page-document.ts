import { PACKAGE_VERSION } from "../../package-info.js";
import { markup, trusted, type Markup } from "../../probes/status-page/markup.js";
import { pageHeaders } from "../../probes/status-page/page-headers.js";
import type { Service } from "../demo-events.js";
import { PAGE_ACTIONS, type PageAction } from "./page-actions.js";
import { SCRIPT } from "./page-script.js";
import { STYLE } from "./page-style.js";

/** It shows the status page of the guarded side. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = pageHeaders({
  script: SCRIPT,
  style: STYLE,
  more: ["frame-src 'self'"],
  referrer: "same-origin",
});

const GROUPS: readonly (readonly [PageAction["group"], string])[] = [
  ["break", "Break the node"],
  ["mend", "Mend it"],
  ["services", "The two services"],
];

const buttons = ([
  group,
  title,
]: (typeof GROUPS)[number]): Markup => markup`<div role="group" aria-labelledby="${group}-title">
<h2 id="${group}-title">${title}</h2>
<div class="buttons">${inGroup(group).map(
  ({ name, label }) =>
    markup`<button type="button" class="${group}" data-do="${name}" aria-describedby="about-${name}">${label}</button> `,
)}</div>
</div>`;

const abouts = PAGE_ACTIONS.map(
  ({ name, label, about }) => markup`<dt>${label}</dt><dd id="about-${name}">${about}</dd>`,
);

function inGroup(group: PageAction["group"]): readonly PageAction[] {
  return PAGE_ACTIONS.filter((action) => action.group === group);
}

const side = (who: Service, title: string, more: Markup): Markup => markup`
<section class="card" aria-labelledby="${who}-title">
<h2 id="${who}-title">${title}</h2>
<p id="${who}-headline" class="verdict idle">starting</p>
<p id="${who}-gate" class="evidence"></p>
<table><caption class="unseen">What ${title} got, for each resource</caption>
<thead><tr><th scope="col">Token for</th><th scope="col">Latest answer</th></tr></thead>
<tbody id="${who}-rows"></tbody></table>
${more}
</section>`;

/** The page before anything is known; the script fills it. */
export const PAGE: string = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Break the node · azure-identity-guard</title>
<link rel="icon" href="data:,">
<style>${trusted(STYLE)}</style>
</head>
<body>
<header><strong>azure-identity-guard demo</strong><span><span id="connection">connecting</span></span></header>
<main>
<section class="card" aria-labelledby="controls-title">
<h1 id="controls-title">Make the guard hand out a wrong token</h1>
<p>Two services ask for tokens every second, as two pods of the same identity on one simulated node. Break the node as you
like. A token is wrong where it is another identity's than this pod's. Tokens live for 24 hours, as in Azure: a service keeps what
it got, so each break makes both need one token more.</p>
<noscript><p class="bad">This page needs JavaScript.</p></noscript>
<div class="groups">${GROUPS.map(buttons)}</div>
<p id="pressed" role="status"></p>
<details><summary>What the buttons do</summary><dl class="about">${abouts}</dl></details>
</section>
<section class="card" aria-labelledby="node-title">
<h2 id="node-title">The node</h2>
<table><caption class="unseen">State of the simulated node</caption>
<thead class="unseen"><tr><th scope="col">Part</th><th scope="col">State</th></tr></thead>
<tbody id="node"></tbody></table>
</section>
<div class="sides">
${side("plain", "Plain @azure/identity", markup`<p class="evidence">It has no status page: it cannot know whose token it got.</p>`)}
${side("guarded", "azure-identity-guard", markup`<p><a href="guard/">Its own status page</a>, as a pod serves it, is below.</p>`)}
</div>
<section class="card" aria-labelledby="log-title">
<h2 id="log-title">What happened</h2>
<div class="scroll" tabindex="0" role="group" aria-label="Log">
<table><thead><tr><th scope="col">Time (UTC)</th><th scope="col">Who</th><th scope="col">What</th></tr></thead>
<tbody id="log"></tbody></table>
</div>
</section>
<section class="card" aria-labelledby="guard-title">
<h2 id="guard-title">The guard's own status page</h2>
<iframe src="guard/" title="Status page of azure-identity-guard"></iframe>
</section>
</main>
<p id="announcement" class="unseen" role="status"></p>
<footer>azure-identity-guard ${PACKAGE_VERSION}. This page holds no token, and nothing on it leaves this machine.</footer>
<script>${trusted(SCRIPT)}</script>
</body>
</html>
`.text;
