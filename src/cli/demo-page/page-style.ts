import { PAGE_STYLE } from "../../probes/status-page/page-style.js";

/** Colours and tables are those of the guard's status page. */
const OWN = `
body > * { max-width: 76rem; }
.sides { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
.buttons { display: flex; flex-wrap: wrap; gap: .5rem; }
.groups { display: grid; gap: .875rem 2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); }
.groups > div { display: grid; gap: .5rem; align-content: start; }
button { font: inherit; color: var(--ink); background: var(--idle-soft); border: 1px solid var(--idle); border-radius: 6px; padding: .3125rem .75rem; cursor: pointer; }
button.break { background: var(--bad-soft); border-color: var(--bad); color: var(--bad-ink); }
button.mend { background: var(--good-soft); border-color: var(--good); color: var(--good-ink); }
button:hover { text-decoration: underline; }
button[aria-busy] { opacity: .7; cursor: progress; }
h1 { font-size: clamp(1.375rem, 1rem + 2vw, 1.875rem); line-height: 1.25; }
.verdict { font-weight: 600; font-size: 1.0625rem; }
.good { color: var(--good-ink); } .bad { color: var(--bad-ink); font-weight: 600; } .wait { color: var(--wait-ink); } .idle { color: var(--idle-ink); }
tbody th { padding: .4375rem .75rem .4375rem 0; border-top: 1px solid var(--line); width: 10rem; }
#log td:first-child, #log td:nth-child(2) { white-space: nowrap; color: var(--soft); width: 6rem; }
#pressed { min-height: 1.5em; color: var(--soft); }
.scroll { max-height: 24rem; overflow: auto; }
iframe { width: 100%; height: 40rem; border: 1px solid var(--line); border-radius: 10px; background: var(--page); }
dl.about { display: grid; grid-template-columns: max-content 1fr; gap: .125rem .875rem; font-size: .875rem; }
@media (max-width: 44rem) { dl.about { grid-template-columns: 1fr; } dl.about dd { margin-bottom: .25rem; } }
`;

export const STYLE: string = PAGE_STYLE + OWN;
