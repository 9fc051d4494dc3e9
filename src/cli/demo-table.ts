import type { DemoEvent, RequestSent, Service } from "./demo-events.js";
import { demoFacts, type DemoFacts } from "./demo-facts.js";
import { wrap, type Paint, type Tone } from "./demo-paint.js";
import { KEY_VAULT, STORAGE } from "./demo-script.js";
import type { Verdict } from "./demo-verdict.js";
import { ANSWERER_WORDS, hours, seconds } from "./demo-words.js";

/** Columns between the bars. With bars and margins the table is 80 wide. */
const COLUMNS = [23, 23, 24] as const;

interface Cell {
  readonly text: string;
  readonly tone: Tone;
}

interface Row {
  readonly label: string;
  readonly cell: (facts: DemoFacts, who: Service) => Cell;
}

const plain = (text: string): Cell => ({ text, tone: "plain" });
const judged = (right: boolean, text: string): Cell => ({
  text: `${right ? "right" : "WRONG"}${text}`,
  tone: right ? "good" : "bad",
});

const ROWS: readonly Row[] = [
  { label: "First Key Vault token", cell: (facts, who) => firstOf(facts, who, KEY_VAULT) },
  {
    label: "Since the node is right",
    cell: (facts, who) => {
      const from = facts.at("identity-assigned") ?? Infinity;
      const last = facts
        .of(who, KEY_VAULT)
        .tokens.filter(({ askedAt }) => askedAt >= from)
        .at(-1);
      if (last === undefined) return plain("no token");
      const after = seconds(last.at - from);
      const source = last.cached ? ", from its cache" : ", freshly fetched";
      return last.right
        ? { text: `right${source}`, tone: "good" }
        : { text: `still WRONG ${after} later${source}`, tone: "bad" };
    },
  },
  {
    label: "Its wrong cache entry",
    cell: (facts, who) => {
      const wrong = facts
        .of(who, KEY_VAULT)
        .tokens.filter(({ right }) => !right)
        .at(-1);
      if (wrong === undefined) return plain("none");
      const { expiresOn, refreshAfter, at } = wrong;
      const early =
        refreshAfter === undefined ? "" : `; asked anew in ${hours(refreshAfter - at)} at the earliest`;
      return { text: `good for ${hours(expiresOn - at)} more${early}`, tone: "bad" };
    },
  },
  { label: "Storage token, while NMI restarts", cell: (facts, who) => firstOf(facts, who, STORAGE) },
  {
    label: "Tokens handed out",
    cell: (facts, who) => {
      const tokens = facts.tokens(who);
      const wrong = tokens.filter(({ right }) => !right).length;
      if (wrong > 0) return { text: `${tokens.length}, ${wrong} of them WRONG`, tone: "bad" };
      return { text: `${tokens.length}, none wrong`, tone: tokens.length > 0 ? "good" : "plain" };
    },
  },
  {
    label: "Errors callers saw",
    cell: (facts, who) => plain(`${facts.errors(who).length === 0 ? "none" : facts.errors(who).length}`),
  },
  { label: "Token requests sent", cell: (facts, who) => plain(byAnswerer(facts.requests(who, "token"))) },
  {
    label: "Checks sent",
    cell: (facts, who) => {
      const health = facts.requests(who, "health").length;
      const route = facts.requests(who, "route-probe").length;
      return plain(health + route === 0 ? "none" : `${health} of NMI's health, ${route} of the token path`);
    },
  },
];

function firstOf(facts: DemoFacts, who: Service, resource: string): Cell {
  const [token] = facts.of(who, resource).tokens;
  if (token === undefined) return plain("never came");
  return judged(token.right, ` after ${seconds(token.at - token.askedAt)}`);
}

function byAnswerer(requests: readonly RequestSent[]): string {
  const parts = (["nmi", "imds"] as const).flatMap((answerer) => {
    const count = requests.filter(({ answeredBy }) => answeredBy === answerer).length;
    return count === 0 ? [] : [`${count} to ${ANSWERER_WORDS[answerer]}`];
  });
  return parts.length === 0 ? "none" : parts.join(", ");
}

/** The table at the end, 80 columns wide, and the verdict in words below it. */
export function verdictLines(events: readonly DemoEvent[], verdict: Verdict, paint: Paint): string[] {
  const facts = demoFacts(events);
  const sdk = facts.requests("plain", "token")[0]?.client?.split("/")[1];
  const heads = ["", `@azure/identity ${sdk ?? ""}`.trim(), "azure-identity-guard"].map((text): Cell => ({
    text,
    tone: "strong",
  }));
  const rule = (left: string, middle: string, right: string): string =>
    left + COLUMNS.map((width) => "─".repeat(width + 2)).join(middle) + right;
  return [
    "",
    rule("┌", "┬", "┐"),
    ...rowLines(heads, paint),
    rule("├", "┼", "┤"),
    ...ROWS.flatMap(({ label, cell }) =>
      rowLines([plain(label), cell(facts, "plain"), cell(facts, "guarded")], paint),
    ),
    rule("└", "┴", "┘"),
    "",
    ...promiseLines(verdict, paint),
  ];
}

function promiseLines({ kept, promises }: Verdict, paint: Paint): string[] {
  return [
    kept
      ? paint("good", "The guard kept what it promises:")
      : paint("bad", "The guard did NOT keep what it promises:"),
    ...promises.map((each) =>
      paint(each.kept ? "good" : "bad", `  ${each.kept ? "kept  " : "BROKEN"}  ${each.promise}`),
    ),
  ];
}

/** One row of the table, as many lines as its highest cell. */
function rowLines(cells: readonly Cell[], paint: Paint): string[] {
  const wrapped = COLUMNS.map((width, index) => wrap(cells[index]?.text ?? "", width));
  const height = Math.max(...wrapped.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) => {
    const texts = COLUMNS.map((width, index) => {
      const text = wrapped[index]?.[line] ?? "";
      return paint(cells[index]?.tone ?? "plain", text) + " ".repeat(width - text.length);
    });
    return `│ ${texts.join(" │ ")} │`;
  });
}
