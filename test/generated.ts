import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";

/**
 * Holds what a document shows between `<!-- name ... -->` and `<!-- /name -->` to what a test has found out.
 * `UPDATE_README=1` writes it anew.
 */
export function expectGenerated(document: URL, name: string, content: string): void {
  const text = readFileSync(document, "utf8");
  const block = new RegExp(`(<!-- ${name}\\b[^>]*-->\n\n)[^]*?(\n\n<!-- /${name} -->)`, "u");
  expect(text).toMatch(block);
  const shown = text.replace(block, (_whole, before: string, after: string) => before + content + after);
  if (process.env["UPDATE_README"] === "1") writeFileSync(document, shown);
  else expect(text).toBe(shown);
}

/** A table of Markdown as prettier has it. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => (row[column] ?? "").padEnd(width)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
