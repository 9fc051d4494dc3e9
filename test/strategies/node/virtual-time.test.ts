import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { beforeEach, expect, test } from "vitest";
import { CellClock } from "./cell-clock.js";
import { missingCells } from "./local-cluster.js";
import { ProcessesAtRest } from "./processes-at-rest.js";

const missing = missingCells();
beforeEach(({ skip }) => skip(missing !== undefined, missing));

/** Runs a fixture by a clock of its own to its end; yields what it wrote. */
async function run(fixture: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "aig-time-"));
  const clock = await CellClock.start(folder);
  const processes = new ProcessesAtRest();
  try {
    const preload = join(import.meta.dirname, "virtual-time.cjs");
    const child = spawn(
      process.execPath,
      ["--require", preload, join(import.meta.dirname, "fixtures", fixture)],
      {
        env: clock.environment,
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    void clock.run(processes, () => false);
    const [written, [code]] = (await Promise.all([text(child.stdout), once(child, "exit")])) as [
      string,
      [number],
    ];
    expect(code).toBe(0);
    return written;
  } finally {
    clock.close();
    processes[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  }
}

test("a process lives through a day in a moment, and all its clocks and timers agree", async () => {
  const told = JSON.parse(await run("timers.mjs")) as {
    readonly said: Record<string, Record<string, number>>;
  };
  const after = (ms: number): Record<string, unknown> =>
    Object.fromEntries(
      ["date", "object", "elapsed", "high", "old", "up"].map((clock) => [clock, expect.closeTo(ms, 3)]),
    );
  expect(told).toEqual({
    said: {
      promise: after(30),
      imported: after(60_030),
      promisified: after(3_660_030),
      interval: after(3_663_030),
      iterated: after(3_663_530),
      signal: after(90_063_530),
      refreshed: after(90_065_130),
    },
    order: ["a", "b", "c"],
    aborted: "AbortError",
    kept: "kept",
    isDate: true,
    year: 1970,
  });
});
