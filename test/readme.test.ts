import { readFileSync } from "node:fs";
import { describe, expect, expectTypeOf, it } from "vitest";
import { COMMANDS } from "../src/cli/command-table.js";
import { OPTION_TABLE } from "../src/config/options.js";
import { DURATION_METRIC, METRIC_TABLE, prometheusName } from "../src/health/metric-table.js";
import type { GuardErrorCode } from "../src/errors.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

/** Cells of the Markdown table rows between two positions, trimmed. */
function rows(text: string): string[][] {
  const lines = text.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) =>
    line
      .split(/(?<!\\)\|/u)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Every code there is; the compiler refuses one that is missing or too many. */
const CODES: Readonly<Record<GuardErrorCode, true>> = {
  ERR_GUARD_CONFIGURATION: true,
  ERR_GUARD_GATE_CLOSED: true,
  ERR_GUARD_IDENTITY_MISMATCH: true,
  ERR_GUARD_BYPASS: true,
  ERR_GUARD_TOKEN_UNVERIFIABLE: true,
  ERR_GUARD_BUDGET_SPENT: true,
  ERR_GUARD_REJECTED: true,
  ERR_GUARD_CLOSED: true,
};

describe("the README", () => {
  it("has a row for every setting, as the table of options says", () => {
    const between = readme.slice(readme.indexOf("<!-- settings"), readme.indexOf("<!-- /settings"));
    const wanted = OPTION_TABLE.map((row) => [
      `\`${row.variable}\``,
      row.option === undefined ? `\`${row.serverOption ?? ""}\` of the server` : `\`${row.option}\``,
      row.default === undefined ? "none" : `\`${row.default}\``,
      row.form.replaceAll("|", "\\|"),
      row.doc,
    ]);
    expect(rows(between)).toEqual(wanted);
  });

  it("has a row for every command, as its help says", () => {
    const between = readme.slice(readme.indexOf("<!-- commands"), readme.indexOf("<!-- /commands"));
    const wanted = COMMANDS.map(({ name, operand, summary, exits }) => [
      `\`${name}${operand === undefined ? "" : ` ${operand}`}\``,
      summary,
      exits
        .filter(([code]) => code !== 2)
        .map(([code, meaning]) => `${code}: ${meaning}`)
        .join("; "),
    ]);
    expect(rows(between)).toEqual(wanted);
  });

  it("has a row for every metric, as the table of metrics says", () => {
    const between = readme.slice(readme.indexOf("<!-- metrics"), readme.indexOf("<!-- /metrics"));
    const wanted = [...METRIC_TABLE, DURATION_METRIC].map((metric) => [
      `\`${prometheusName(metric)}\``,
      metric.type,
      metric.labels.map((label) => `\`${label}\``).join(", "),
      metric.help,
    ]);
    expect(rows(between)).toEqual(wanted);
  });

  it("has a row for every error code", () => {
    const section = readme.slice(readme.indexOf("## Errors"), readme.indexOf("## Testing"));
    expect(rows(section).map(([code]) => code)).toEqual(Object.keys(CODES).map((code) => `\`${code}\``));
    expectTypeOf(CODES).toEqualTypeOf<Readonly<Record<GuardErrorCode, true>>>();
  });
});
