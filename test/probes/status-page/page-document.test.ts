import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { PAGE_HEADERS, pageDocument } from "../../../src/probes/status-page/page-document.js";
import { PAGE_SCRIPT } from "../../../src/probes/status-page/page-script.js";
import { PAGE_STYLE } from "../../../src/probes/status-page/page-style.js";
import { viewOf } from "./page-text.js";
import { ago, snapshot } from "./snapshots.js";

const page = pageDocument(
  viewOf([
    snapshot("failing", { history: [ago.rejected(5000)] }),
    snapshot("degraded"),
    snapshot("closed"),
    snapshot("drained"),
  ]),
);

const policy = new Map(
  (PAGE_HEADERS["content-security-policy"] ?? "").split("; ").map((directive) => {
    const [name = "", ...values] = directive.split(" ");
    return [name, values.join(" ")];
  }),
);

const between = (open: string, close: string): string =>
  page.slice(page.indexOf(open) + open.length, page.indexOf(close));
const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

describe("the policy", () => {
  test("names the page's own script and style by what they hold", () => {
    expect(policy.get("script-src")).toBe(hash(between("<script>", "</script>")));
    expect(policy.get("style-src")).toBe(hash(between("<style>", "</style>")));
  });

  test("allows nothing else but its own server and icons that are part of the page", () => {
    const { "script-src": _, "style-src": __, ...rest } = Object.fromEntries(policy);
    expect(rest).toEqual({
      "default-src": "'none'",
      "connect-src": "'self'",
      "img-src": "data:",
      "base-uri": "'none'",
      "form-action": "'none'",
      "frame-ancestors": "'none'",
    });
  });

  test("is one that the page keeps to: no style attributes, handlers, scripts or addresses of others", () => {
    const markup = page.replace(PAGE_SCRIPT, "").replace(PAGE_STYLE, "");
    expect(markup).not.toMatch(/\sstyle=/u);
    expect(markup).not.toMatch(/\son\w+=/u);
    expect(markup).not.toMatch(/(?:src|href)="(?!#|data:)/u);
    expect(markup.match(/<script/gu)).toHaveLength(1);
    expect(PAGE_STYLE).not.toMatch(/url\((?!#)|@import/u);
  });
});

test("the other headers keep it from caches and from being read as something else", () => {
  expect(PAGE_HEADERS).toMatchObject({
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
});

test("everything that drawings refer to is defined, once", () => {
  const used = new Set([...page.matchAll(/href="#([\w-]+)"|url\(#([\w-]+)\)/gu)].map(([, a, b]) => a ?? b));
  const ids = [...page.matchAll(/\sid="([\w-]+)"/gu)].map(([, id]) => id);
  expect([...used].filter((id) => ids.filter((each) => each === id).length !== 1)).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
});

test("it is whole without the script, and loads itself anew", () => {
  expect(page).toContain('<noscript><meta http-equiv="refresh" content="10"></noscript>');
  expect(page).toContain('<section id="credential-2"');
});

/** WCAG 2.2, relative luminance and contrast ratio. */
function contrast(a: string, b: string): number {
  const [bright = 1, dark = 1] = [a, b].map(luminance).sort((x, y) => y - x);
  return (bright + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const digits = colour.length === 4 ? colour.replace(/[^#]/gu, "$&$&") : colour;
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = parseInt(digits.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe.each([
  ["light", 0],
  ["dark", 1],
] as const)("colours, %s", (_name, index) => {
  const block = [...PAGE_STYLE.matchAll(/:root \{([^}]*)\}/gu)][index]?.[1] ?? "";
  const colours = new Map(
    [...block.matchAll(/--([\w-]+): (#\w+)/gu)].map(([, name, value]) => [name, value]),
  );
  const of = (name: string): string => colours.get(name) ?? "#no-such-colour";
  const tones = ["good", "bad", "warn", "wait", "idle"];

  test("of texts have a contrast of 4.5 to what is behind them", () => {
    const pairs = [
      ["ink", "page"],
      ["ink", "card"],
      ["soft", "page"],
      ["soft", "card"],
      ["link", "card"],
      ["warn-ink", "card"],
      ...tones.flatMap((tone) => [
        ["on", tone],
        [`${tone}-ink`, `${tone}-soft`],
        ["ink", `${tone}-soft`],
      ]),
      ...tones.slice(1).map((tone) => ["on", `${tone}-2`]),
    ];
    const poor = pairs.filter(([text = "", behind = ""]) => !(contrast(of(text), of(behind)) >= 4.5));
    expect(poor).toEqual([]);
  });

  test("of shapes have one of 3", () => {
    const poor = tones.filter((tone) => !(contrast(of(tone), of("card")) >= 3));
    expect(poor).toEqual([]);
  });
});
