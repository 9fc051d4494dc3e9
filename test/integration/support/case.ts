import { expect } from "vitest";
import { endWithin, startFixture, type Ended } from "./process.js";
import { secretsIn } from "./secrets.js";

/** No case takes as long, on the busiest machine. */
const LIMIT_MS = 25_000;

/** Runs one case of `fixtures/cases.mjs` to its end, and returns what it told; nothing it wrote may hold a token. */
export async function runCase(
  name: string,
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly told: unknown; readonly ended: Ended }> {
  const ended = await endWithin(startFixture("cases.mjs", { ...environment, FIXTURE_CASE: name }), LIMIT_MS);
  expect(secretsIn(ended.stdout + ended.stderr, [])).toEqual([]);
  expect({ code: ended.code, signal: ended.signal, stderr: ended.code === 0 ? "" : ended.stderr }).toEqual({
    code: 0,
    signal: null,
    stderr: "",
  });
  return { told: JSON.parse(ended.stdout.trim().split("\n").at(-1) ?? ""), ended };
}
