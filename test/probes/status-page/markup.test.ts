import { describe, expect, test } from "vitest";
import { cut, markup, trusted } from "../../../src/probes/status-page/markup.js";

describe("markup", () => {
  test.each([
    ["<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"],
    [`" onload='x'`, "&quot; onload=&#39;x&#39;"],
    ["a & b &amp; c", "a &amp; b &amp;amp; c"],
    ["one\u0000two\nthree", "one two three"],
    ["a\u202Eb\u2066c", "a b c"],
    ["naïve 日本 🙂", "naïve 日本 🙂"],
  ])("escapes %j", (text, escaped) => {
    expect(markup`<p title="${text}">${text}</p>`.text).toBe(`<p title="${escaped}">${escaped}</p>`);
  });

  test("leaves markup inside markup as it is, alone or in lists", () => {
    const inner = markup`<b>${"<"}</b>`;
    expect(markup`<p>${inner}${[inner, [inner]]}${trusted("<i>")}</p>`.text).toBe(
      "<p><b>&lt;</b><b>&lt;</b><b>&lt;</b><i></p>",
    );
  });

  test("writes nothing for undefined, and zero as a number", () => {
    expect(markup`<p>${undefined}${0}</p>`.text).toBe("<p>0</p>");
  });

  test("escapes texts in lists", () => {
    expect(markup`${["<", ">"]}`.text).toBe("&lt;&gt;");
  });
});

test("a text that is cut has the length asked for, and no half of a character", () => {
  expect(cut("abcdef", 6)).toBe("abcdef");
  expect(cut("abcdefg", 6)).toBe("abcde…");
  expect(cut("abcd🙂g", 6)).toBe("abcd…");
});
