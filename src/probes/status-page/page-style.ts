/** Colours. Text on them has a contrast of 4.5 or more, shapes one of 3 or more, in both schemes. */
const COLOURS = `
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #fff; --line: #e2e5ea; --grid: #eaedf1;
  --ink: #191c20; --soft: #596270; --link: #1d5fb8; --on: #fff;
  --good: #1b7a48; --good-ink: #14623a; --good-soft: #e6f4ec;
  --bad: #c5281c; --bad-2: #9c1b12; --bad-ink: #a5190f; --bad-soft: #fdedeb;
  --warn: #9c5a00; --warn-2: #7a4500; --warn-ink: #7d4700; --warn-soft: #fdf3e1;
  --wait: #2b66bd; --wait-2: #1b4a92; --wait-ink: #1f4f98; --wait-soft: #e9f1fc;
  --idle: #606976; --idle-2: #474e59; --idle-ink: #4b535e; --idle-soft: #eef0f3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1115; --card: #161a20; --line: #272d36; --grid: #222831;
    --ink: #e7eaee; --soft: #9ba5b2; --link: #82b4ff; --on: #0b0e12;
    --good: #4cc38a; --good-ink: #6fd6a4; --good-soft: #12281e;
    --bad: #ff8178; --bad-2: #e25f55; --bad-ink: #ff9e96; --bad-soft: #331a19;
    --warn: #e6b04d; --warn-2: #c48d26; --warn-ink: #efc06b; --warn-soft: #2f2412;
    --wait: #7cb1ff; --wait-2: #5a92e6; --wait-ink: #9cc4ff; --wait-soft: #16243a;
    --idle: #9ba5b2; --idle-2: #7f8995; --idle-ink: #b4bdc8; --idle-soft: #1f252d;
  }
}`;

const PAGE = `
* { box-sizing: border-box; margin: 0; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { background: var(--page); color: var(--ink); font: 15px/1.5 -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
body > * { max-width: 60rem; margin: 0 auto; padding-left: 1.25rem; padding-right: 1.25rem; }
h1, h2, h3, b { font-weight: 600; }
h2 { font-size: 1.0625rem; line-height: 1.35; }
h3 { font-size: .8125rem; color: var(--soft); font-weight: 500; }
small { font-size: inherit; color: var(--soft); font-weight: 400; }
code, .evidence, .ids dd { font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
code { background: var(--idle-soft); color: var(--idle-ink); border-radius: 4px; padding: .1em .35em; }
a { color: var(--link); }
ul { list-style: none; padding: 0; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 4px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.definitions { position: absolute; }
body > header { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .25rem 1rem; padding-top: 1.125rem; padding-bottom: 1.125rem; font-size: .8125rem; color: var(--soft); }
body > header strong { color: var(--ink); font-weight: 600; }
body > header > span, #connection { display: inline-flex; align-items: center; gap: .375rem; }
body > header > span { gap: .25rem; }
#connection::before { content: ""; display: inline-block; width: .5rem; height: .5rem; border-radius: 50%; border: 2px solid var(--idle); }
#connection.live::before { background: var(--good); border-color: var(--good); }
#connection.live + #at::before { content: "· "; }
#connection.lost + #at::before { content: "· from "; }
#connection.lost { color: var(--warn-ink); font-weight: 600; }
#connection.lost::before { background: none; border-color: var(--warn); border-radius: 0; }
main { display: grid; gap: 1rem; }
footer { padding-top: 1.5rem; padding-bottom: 2.5rem; font-size: .8125rem; color: var(--soft); }
section { min-width: 0; scroll-margin-top: 1rem; }`;

const CARDS = `
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.25rem; display: grid; gap: .875rem; min-width: 0; }
.part { display: grid; gap: .875rem; }
.part:empty { display: none; }
.card > *, .part > * { min-width: 0; }
.headline { display: grid; grid-template-columns: auto 1fr; gap: 1.125rem; padding: 1.5rem 1.25rem; border-radius: 10px; border: 1px solid; }
.headline > .icon { width: 2.5rem; height: 2.5rem; }
.headline h1 { font-size: clamp(1.375rem, 1rem + 2vw, 1.875rem); line-height: 1.25; letter-spacing: -.012em; text-wrap: balance; }
.headline h1 span { font-weight: 500; }
.headline p { margin-top: .5rem; color: var(--ink); }
.headline code { background: var(--card); }
.headline.good { background: var(--good-soft); border-color: var(--good); } .headline.good h1 { color: var(--good-ink); }
.headline.bad { background: var(--bad-soft); border-color: var(--bad); } .headline.bad h1 { color: var(--bad-ink); }
.headline.warn { background: var(--warn-soft); border-color: var(--warn); } .headline.warn h1 { color: var(--warn-ink); }
.headline.wait { background: var(--wait-soft); border-color: var(--wait); } .headline.wait h1 { color: var(--wait-ink); }
.headline.idle { background: var(--idle-soft); border-color: var(--idle); } .headline.idle h1 { color: var(--idle-ink); }
nav ul { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: .75rem; }
.icon { width: 1rem; height: 1rem; flex: none; fill: currentColor; }
.icon.good { color: var(--good); } .icon.bad { color: var(--bad); } .icon.warn { color: var(--warn); }
.icon.wait { color: var(--wait); } .icon.idle { color: var(--idle); }
.in { fill: none; stroke: var(--card); stroke-width: 2.25; stroke-linecap: round; stroke-linejoin: round; }
.top { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .75rem; }
.since { color: var(--soft); font-size: .8125rem; margin-left: auto; }
.badge { display: inline-flex; align-items: center; gap: .4rem; padding: .125rem .625rem .125rem .25rem; border-radius: 99px; font-size: .8125rem; font-weight: 600; text-decoration: none; }
.badge.good { background: var(--good-soft); color: var(--good-ink); } .badge.bad { background: var(--bad-soft); color: var(--bad-ink); }
.badge.warn { background: var(--warn-soft); color: var(--warn-ink); } .badge.wait { background: var(--wait-soft); color: var(--wait-ink); }
.badge.idle { background: var(--idle-soft); color: var(--idle-ink); }
a.badge:hover { text-decoration: underline; }
.why { font-size: 1rem; max-width: 46rem; }
.why, .remedy, .rejection, .headline p { text-wrap: pretty; }
.evidence { color: var(--soft); display: block; }
.ids { display: grid; grid-template-columns: max-content 1fr; gap: 0 .75rem; align-items: baseline; }
.ids dt, .ids dd { color: var(--soft); }
.ids dd { font-size: .75rem; }
.remedy { border-left: 3px solid; padding: .125rem 0 .125rem .875rem; max-width: 46rem; }
.remedy.good { border-color: var(--good); } .remedy.bad { border-color: var(--bad); } .remedy.warn { border-color: var(--warn); }
.remedy.wait { border-color: var(--wait); } .remedy.idle { border-color: var(--idle); }
.rejection { border-left: 3px double var(--bad); padding: .125rem 0 .125rem .875rem; max-width: 46rem; }
.facts { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; }
dt { font-size: .8125rem; color: var(--soft); }
.chips { display: flex; flex-wrap: wrap; gap: .125rem .875rem; }
.chip { display: inline-flex; align-items: center; gap: .375rem; white-space: nowrap; }`;

const TABLES = `
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th { text-align: left; font-weight: 500; font-size: .8125rem; color: var(--soft); }
th, td { padding: .4375rem .75rem .4375rem 0; vertical-align: top; }
th { padding-top: 0; }
tbody tr:not(.sub) td { border-top: 1px solid var(--line); }
tr:has(+ .sub) td { padding-bottom: .0625rem; }
.sub td { padding-top: 0; }
td:last-child, th:last-child { padding-right: 0; }
.tokens th:last-child { width: 18.5rem; }
.note { display: block; color: var(--warn-ink); }
details table { margin-top: .5rem; }
details td:first-child { white-space: nowrap; color: var(--soft); width: 7.5rem; }
summary { cursor: pointer; font-size: .875rem; font-weight: 500; padding: .25rem 0; width: fit-content; }
summary::marker { color: var(--soft); }`;

const TIMELINES = `
.timeline { display: grid; }
.lane { display: grid; grid-template-columns: 10rem 1fr; align-items: center; }
.label { font-size: .8125rem; line-height: 1.3; padding-right: .75rem; }
.track { display: block; width: 100%; overflow: visible; font-size: 11px; }
.track > svg { overflow: hidden; }
#grid { stroke: var(--grid); }
.tick { fill: var(--soft); }
.on { fill: var(--on); font-weight: 600; }
.bar { fill: var(--idle); }
.bar.ready, .bar.open { fill: var(--good); }
.bar.held { fill: var(--good-soft); stroke: var(--good); stroke-width: 2; }
.bar.held + .on { fill: var(--good-ink); transform: translateX(7px); }
.track > svg:has(.held) { overflow: visible; }
.bar.shut { fill: url(#shut-look); } .bar.failing { fill: url(#failing-look); } .bar.degraded { fill: url(#degraded-look); }
.bar.starting { fill: url(#starting-look); } .bar.drained { fill: url(#drained-look); } .bar.closed { fill: url(#closed-look); }
.bar.unknown { fill: url(#unknown-look); }
#unknown-look path { stroke: var(--line); }
.bar.unknown + .on { fill: var(--soft); font-weight: 400; }
.bad-1 { fill: var(--bad); } .bad-2 { fill: var(--bad-2); stroke: var(--bad-2); }
.warn-1 { fill: var(--warn); } .warn-2 { fill: var(--warn-2); stroke: var(--warn-2); }
.wait-1 { fill: var(--wait); } .wait-2 { fill: var(--wait-2); }
.idle-1 { fill: var(--idle); } .idle-2 { fill: var(--idle-2); stroke: var(--idle-2); }
.mark { stroke: var(--card); stroke-width: 1; }
.mark.good { fill: var(--good); } .mark.bad { fill: var(--bad); }
.line { fill: none; stroke-width: 2; stroke-linecap: round; }
.mark.line { fill: var(--card); stroke: var(--idle); }
.mark.line.bad { stroke: var(--bad); }
.legend { display: flex; flex-wrap: wrap; gap: .125rem 1.125rem; font-size: .8125rem; color: var(--soft); }
.legend li { display: inline-flex; align-items: center; gap: .375rem; }
.legend svg { overflow: visible; }
section ~ section ~ section .legend { display: none; }`;

/** Where labels take too much of the width they stand above their lanes. bars.ts reckons with these widths. */
const NARROW = `
@media (min-width: 56.01rem) { .narrow { display: none; } }
@media (max-width: 56rem) {
  .lane { grid-template-columns: 1fr; }
  .lane:not(.axis) { margin-top: .5rem; }
  .wide { display: none; }
}`;

/** A phone. */
const PHONE = `
@media (max-width: 44rem) {
  body > * { padding-left: .75rem; padding-right: .75rem; }
  .card { padding: 1rem .875rem; }
  .headline { padding: 1.125rem .875rem; gap: .75rem; }
  .headline > .icon { width: 1.875rem; height: 1.875rem; }
  .since { margin-left: 0; width: 100%; }
  .ids { grid-template-columns: 1fr; }
  .ids dd { margin-bottom: .25rem; }
  .tokens th:last-child { width: 8.5rem; }
  .tokens small { display: block; }
  details td:first-child { width: 5.25rem; white-space: normal; }
}

@media (forced-colors: active) { .badge, .chip { border: 1px solid; } }
`;

export const PAGE_STYLE: string = [COLOURS, PAGE, CARDS, TABLES, TIMELINES, NARROW, PHONE].join("");
