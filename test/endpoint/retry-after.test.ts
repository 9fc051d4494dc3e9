import { expect, test } from "vitest";
import { retryAfterMs } from "../../src/endpoint/retry-after.js";

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);

test.each<[Record<string, string>, number | undefined]>([
  [{ "retry-after": "20" }, 20_000],
  [{ "retry-after": "0" }, 0],
  [{ "retry-after": " 3 " }, 3000],
  [{ "retry-after": "Thu, 01 Jan 2026 12:00:30 GMT" }, 30_000],
  [{ "retry-after": "Thu, 01 Jan 2026 11:00:00 GMT" }, 0],
  [{ "retry-after-ms": "250", "retry-after": "20" }, 250],
  [{ "x-ms-retry-after-ms": "250" }, 250],
  [{ "retry-after-ms": "soon", "retry-after": "20" }, 20_000],
  [{ "retry-after": "-5" }, undefined],
  [{ "retry-after": "1.5" }, undefined],
  [{ "retry-after": "soon" }, undefined],
  [{ "retry-after": "2026-01-01" }, undefined],
  [{ "retry-after": "9".repeat(20) }, undefined],
  [{}, undefined],
])("%j waits %s ms", (headers, expected) => {
  expect(retryAfterMs((name) => headers[name], NOW)).toBe(expected);
});
