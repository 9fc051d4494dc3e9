import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lanesOf, summaryOf } from "./picture-lanes.js";
import { picture } from "./picture.js";
import type { Timeline, TimelineEvent } from "./timeline.js";

function timeline(events: readonly TimelineEvent[], more: Partial<Timeline> = {}): Timeline {
  return { strategy: "nmi-in-code", scenario: "NMI stops", lasts: 60, events, ...more };
}

const node = (at: number, step: string): TimelineEvent => ({ at, kind: "node", step });
const ready = (at: number, status: boolean): TimelineEvent => ({
  at,
  kind: "condition",
  condition: "Ready",
  status,
});
const liveness = (at: number, success = false): TimelineEvent => ({
  at,
  kind: "probe",
  container: "app",
  probe: "liveness",
  success,
});
const token = (at: number, identity: "right" | "wrong" | "none"): TimelineEvent => ({
  at,
  kind: "token",
  identity,
});
type State = "waiting" | "running" | "terminated";
const app = (at: number, state: State, restartCount: number, reason?: string): TimelineEvent => ({
  at,
  kind: "container",
  container: "app",
  init: false,
  state,
  restartCount,
  ...(reason === undefined ? {} : { reason }),
});

/** A lane as `from-to words look`, and its marks. */
function shown(name: string, events: readonly TimelineEvent[]): string[] {
  const lane = lanesOf(timeline(events)).find((each) => each.name === name);
  const spans = lane?.spans.map(({ from, to, words, look }) => `${from}-${to} ${words} ${look}`) ?? [
    "no lane",
  ];
  return [...spans, ...(lane?.marks.map(({ at, words }) => `${at} ${words ?? "!"}`) ?? [])];
}

describe("lanes", () => {
  const states: TimelineEvent[] = [
    { at: 0, kind: "state", lane: "nmi", value: "active" },
    { at: 0, kind: "state", lane: "gate", value: "open" },
    { at: 20, kind: "state", lane: "nmi", value: "terminating" },
    { at: 20, kind: "state", lane: "gate", value: "bypassed" },
    { at: 30, kind: "state", lane: "nmi", value: "down" },
    { at: 30, kind: "state", lane: "gate", value: "closed" },
    { at: 50, kind: "state", lane: "nmi", value: "not-active" },
  ];

  test.each<[string, readonly TimelineEvent[], string[]]>([
    ["NMI", [], ["0-20 active good", "20-30 exiting wait", "30-50 down bad", "50-60 not active wait"]],
    ["Gate", [], ["0-20 open good", "20-30 bypass bad", "30-60 closed idle"]],
    ["Readiness", [], ["0-60 not ready idle"]],
    [
      "Readiness",
      [ready(4, true), ready(25, false), ready(26, false), ready(70, true)],
      ["0-4 not ready idle", "4-25 ready good", "25-60 not ready idle"],
    ],
    [
      "Readiness",
      [{ at: 4, kind: "condition", condition: "Initialized", status: true }],
      ["0-60 not ready idle"],
    ],
    ["Liveness", [liveness(40), liveness(45, true), liveness(61)], ["40 !"]],
    ["Liveness", [{ at: 3, kind: "probe", container: "app", probe: "readiness", success: false }], []],
    [
      "Container app",
      [
        app(1, "waiting", 0, "PodInitializing"),
        app(2, "running", 0),
        app(9, "waiting", 1, "CrashLoopBackOff"),
      ],
      ["1-2 PodInitializing wait", "2-9 running good", "9-60 CrashLoopBackOff bad"],
    ],
    ["Container app", [app(1, "terminated", 0, "Error")], ["1-60 Error bad"]],
    ["Container app", [app(1, "terminated", 0, "Completed")], ["1-60 Completed idle"]],
    [
      "Restarts",
      [app(2, "running", 0), app(9, "running", 1), app(9.5, "waiting", 1), app(20, "running", 3)],
      ["9 1", "20 2", "20 3"],
    ],
    [
      "Tokens",
      [token(1, "right"), token(3, "wrong"), token(4, "right")],
      ["1-3 right good", "3-4 wrong bad", "4-60 right good"],
    ],
    ["Tokens", [token(1, "none"), token(10, "right")], ["10-60 right good"]],
    ["Tokens", [token(1, "none")], []],
    [
      "Tokens",
      [token(1, "right"), app(9, "terminated", 0), token(12, "wrong")],
      ["1-9 right good", "9-12 none idle", "12-60 wrong bad"],
    ],
  ])("%s %#", (name, events, expected) => {
    expect(shown(name, [...states, ...events])).toEqual(expected);
    expect(shown(name, [...states, ...events].reverse())).toEqual(expected);
  });

  test("an init container has a lane of its own, before the application's", () => {
    const init: TimelineEvent = {
      at: 1,
      kind: "container",
      container: "wait",
      init: true,
      state: "running",
      restartCount: 0,
    };
    const names = lanesOf(timeline([init, app(2, "running", 0)])).map(({ name }) => name);
    expect(names).toEqual(["Init wait", "Container app", "Readiness", "Liveness", "Restarts", "Tokens"]);
  });

  test("the summary counts what the lanes show", () => {
    const events = [
      ready(4, true),
      ready(24, false),
      liveness(30),
      app(40, "running", 1),
      token(5, "right"),
      token(6, "wrong"),
      token(70, "none"),
    ];
    expect(summaryOf(timeline(events))).toBe(
      "ready 20 of 60 s · 1 liveness failure · 1 restart · tokens: 1 s right, 54 s wrong",
    );
  });
});

interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The elements of a document, in order; throws where it is not well-formed. Each has the text up to its end. */
function elementsOf(svg: string): readonly Element[] {
  const elements: { tag: string; attributes: Record<string, string>; text: string }[] = [];
  const open: (typeof elements)[number][] = [];
  for (const [, end, tag = "", attributes = "", empty, text] of svg
    .trimEnd()
    .matchAll(/<(\/?)([a-z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>|([^<]+)|</gu)) {
    if (text !== undefined) {
      if (/&(?!(?:amp|lt|gt|quot|#39);)/u.test(text)) throw new Error(`not escaped: ${text}`);
      for (const each of open) each.text += text;
      if (open.length === 0 && text.trim() !== "") throw new Error(`outside: ${text}`);
    } else if (end === "/") {
      if (open.pop()?.tag !== tag) throw new Error(`</${tag}>`);
    } else if (tag === "") throw new Error("a stray <");
    else {
      const element = {
        tag,
        attributes: Object.fromEntries(
          [...attributes.matchAll(/ ([\w:-]+)="([^"]*)"/gu)].map(([, name = "", value = ""]) => [
            name,
            value,
          ]),
        ),
        text: "",
      };
      elements.push(element);
      if (empty !== "/") open.push(element);
    }
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)?.tag}> has no end`);
  return elements;
}

const words = fc.oneof(
  fc.string({ maxLength: 150 }),
  fc.constantFrom("long ".repeat(30), "<script>", "]]>", "&amp;", "\0\u202e", "'\"", "--"),
);
// Doubles by chance are mostly close to 0.
const at = fc.integer({ min: 0, max: 700_000 }).map((ms) => ms / 1000);
const event: fc.Arbitrary<TimelineEvent> = fc.oneof(
  fc.record({ at, kind: fc.constant("node"), step: words }),
  fc.record({
    at,
    kind: fc.constant("container"),
    container: fc.constantFrom("app", "<b>", "with-a-long-name-".repeat(4)),
    init: fc.boolean(),
    state: fc.constantFrom("waiting", "running", "terminated"),
    reason: words,
    restartCount: fc.nat(40),
  }),
  fc.record({ at, kind: fc.constant("condition"), condition: fc.constant("Ready"), status: fc.boolean() }),
  fc.record({
    at,
    kind: fc.constant("probe"),
    container: words,
    probe: fc.constant("liveness"),
    success: fc.boolean(),
  }),
  fc.record({
    at,
    kind: fc.constant("state"),
    lane: fc.constantFrom("nmi", "gate"),
    value: fc.oneof(words, fc.constantFrom("active", "bypassed", "__proto__")),
  }),
  fc.record({ at, kind: fc.constant("token"), identity: fc.constantFrom("right", "wrong", "none") }),
);
const timelines = fc.array(
  fc.record({
    strategy: words,
    scenario: words,
    lasts: at,
    events: fc.array(event, { maxLength: 40 }),
  }),
  { maxLength: 4 },
);
/** Where a text is, by an estimate that is on the safe side for 12 pixels, and 15 in headings. */
function boxOf({ attributes, text }: Element): {
  readonly y: number;
  readonly from: number;
  readonly to: number;
} {
  const size = { title: 12.5, heading: 9.2 }[attributes["class"] ?? ""] ?? 7.2;
  const raw = text.replace(/&#?\w+;/gu, "x");
  const x = Number(attributes["x"]);
  const width = raw.length * size;
  const share = { end: 1, middle: 0.5 }[attributes["text-anchor"] ?? ""] ?? 0;
  return { y: Number(attributes["y"]), from: x - width * share, to: x + width * (1 - share) };
}

test("whatever it is given it draws: well-formed, on whole pixels, with nothing that runs or is loaded", () => {
  fc.assert(
    fc.property(timelines, (given) => {
      const svg = picture(given);
      const elements = elementsOf(svg);
      expect(svg).not.toMatch(/NaN|Infinity|undefined|[\0-\x08\u202e]/u);
      const tags = new Set(elements.map(({ tag }) => tag));
      for (const tag of tags)
        expect([
          "svg",
          "title",
          "desc",
          "style",
          "defs",
          "pattern",
          "rect",
          "line",
          "text",
          "tspan",
          "g",
        ]).toContain(tag);
      for (const { tag, attributes } of elements) {
        if (attributes["id"] === "hatch" || tag === "pattern") continue;
        for (const name of ["x", "y", "x1", "x2", "y1", "y2", "width", "height"])
          expect(attributes[name] ?? "0").toMatch(/^\d+(?:\.5)?$/u);
        expect(Object.keys(attributes).join()).not.toMatch(/\bon|href|src/u);
      }
    }),
    { numRuns: 100 },
  );
});

test("no text touches another, and none leaves the card", () => {
  fc.assert(
    fc.property(timelines, (given) => {
      const boxes = elementsOf(picture(given))
        .filter(({ tag }) => tag === "text")
        .map(boxOf);
      for (const [index, one] of boxes.entries()) {
        expect(one.from).toBeGreaterThanOrEqual(0);
        expect(one.to).toBeLessThanOrEqual(960);
        for (const other of boxes.slice(index + 1))
          if (Math.abs(one.y - other.y) < 11) expect(one.to <= other.from || other.to <= one.from).toBe(true);
      }
    }),
    { numRuns: 100 },
  );
});

test("the same run gives the same bytes, and one that differs by nothing to be seen, too", () => {
  const events = [node(10, "NMI stops"), ready(4, true), app(1, "running", 0), token(5, "wrong")];
  const moved = events.map((each) => ({ ...each, at: each.at + 0.001 }));
  expect(picture([timeline(moved)])).toBe(picture([timeline(events)]));
  expect(picture([timeline(events.slice(1))])).not.toBe(picture([timeline(events)]));
});

test("says in words what it shows", () => {
  const one = timeline([ready(4, true)]);
  const [svg, title, desc] = elementsOf(picture([one, { ...one, strategy: "token-init", events: [] }]));
  expect(svg?.attributes).toMatchObject({ role: "img", "aria-labelledby": "title desc", width: "960" });
  expect([title?.attributes["id"], title?.text]).toEqual(["title", "NMI stops"]);
  expect(desc?.text).toContain("nmi-in-code: ready 56 of 60 s");
  expect(desc?.text).toContain("token-init: ready 0 of 60 s");
});

test("panels are below each other, on one scale", () => {
  const long = timeline([node(30, "NMI stops"), ready(30, true)], { lasts: 120 });
  const elements = elementsOf(picture([long, { ...long, strategy: "token-init", lasts: 60 }]));
  const headings = elements.filter(({ attributes }) => attributes["class"] === "heading");
  expect(headings.map(({ text }) => text)).toEqual(["nmi-in-code", "token-init"]);
  expect(Number(headings[1]?.attributes["y"])).toBeGreaterThan(Number(headings[0]?.attributes["y"]));
  const bars = elements.filter(({ attributes }) => attributes["class"] === "good").slice(1); // the first is the legend's
  expect(bars.map(({ attributes }) => attributes["x"])).toEqual([
    bars[0]?.attributes["x"],
    bars[0]?.attributes["x"],
  ]);
  expect(elements.filter(({ attributes }) => attributes["class"] === "unseen")).toHaveLength(1);
});

test("steps are told once, and marked in each panel; close ones share a mark", () => {
  const steps = [
    node(10, "NMI stops"),
    node(40, "NMI starts"),
    node(41, "NMI is Active"),
    node(55, "NMI stops"),
  ];
  const elements = elementsOf(
    picture([timeline(steps), timeline(steps.map((each) => ({ ...each, at: each.at + 0.4 })))]),
  );
  const texts = elements.filter(({ tag }) => tag === "text").map(({ text }) => text);
  expect(texts.filter((text) => / s NMI /u.test(text))).toEqual([
    "10 s NMI stops",
    "40 s NMI starts",
    "41 s NMI is Active",
    "55 s NMI stops",
  ]);
  expect(texts.filter((text) => text === "2–3")).toHaveLength(2);
});

test("a wrong token is seen however short it was, and counted in the alarm's colour", () => {
  const elements = elementsOf(
    picture([timeline([token(100, "right"), token(101, "wrong"), token(102, "right")], { lasts: 600 })]),
  );
  const [, bar] = elements.filter(({ attributes }) => attributes["class"] === "bad"); // the first is the legend's
  expect(Number(bar?.attributes["width"])).toBeGreaterThanOrEqual(4);
  expect(elements.find(({ attributes }) => attributes["class"] === "alarm")?.text).toBe("1 s wrong");
});

test("nothing is wrong where no token was", () => {
  const svg = picture([timeline([token(1, "right")])]);
  expect(elementsOf(svg).some(({ attributes }) => attributes["class"] === "alarm")).toBe(false);
});

/** WCAG 2.2, relative luminance. */
function luminance(colour: string): number {
  const full = colour.length === 4 ? colour.replace(/[\da-f]/gu, "$&$&") : colour;
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((index) => parseInt(full.slice(index, index + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

test("text can be read: 11 pixels or more, with enough contrast to what it stands on", () => {
  const style = elementsOf(picture([])).find(({ tag }) => tag === "style")?.text ?? "";
  const sizes = [...style.matchAll(/(\d+)px (?=system)|font-size:(\d+)px/gu)].map(([, one, other]) =>
    Number(one ?? other),
  );
  expect(sizes.length).toBeGreaterThanOrEqual(3);
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(11);
  const fill = (name: string): string =>
    new RegExp(`(?:^|[},])${name}(?:,[^{]*)?\\{[^}]*?fill:(#[\\da-f]+)`, "u").exec(style)?.[1] ?? name;
  for (const [ink, paper] of [
    ["text", ".card"],
    [".soft", ".card"],
    [".soft", ".unseen"],
    [".alarm", ".card"],
    ["\\.on-good", ".good"],
    ["\\.on-good", ".bad"],
    ["\\.on-good", ".step"],
    ["\\.on-good", ".restart"],
    ["text", ".wait"],
    ["text", ".idle"],
  ] as const) {
    expect(contrast(fill(ink), fill(paper)), `${ink} on ${paper}`).toBeGreaterThanOrEqual(4.5);
  }
});
