import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { LiveUpdates } from "../../../src/probes/status-page/live-updates.js";
import { ManualClock } from "../../../src/testing/manual-clock.js";
import { viewOf } from "./page-text.js";
import { NOW, snapshot } from "./snapshots.js";

/** A response whose reader can be made to stop reading, which no socket of loopback does before megabytes are in it. */
class SlowResponse extends EventEmitter {
  writableNeedDrain = false;
  destroyed = false;
  readonly written: string[] = [];

  writeHead(): void {}

  write(text: string): boolean {
    this.written.push(text);
    return !this.writableNeedDrain;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }
}

async function listening(): Promise<{ clock: ManualClock; response: SlowResponse; said: () => number }> {
  const clock = new ManualClock({ now: NOW, turns: 1 });
  let waiters = 0;
  // Something changes every second.
  const updates = new LiveUpdates({ clock, view: () => viewOf([snapshot("ready", { waiters: waiters++ })]) });
  const response = new SlowResponse();
  // As much of a response as live updates use.
  updates.add(response as unknown as ServerResponse);
  await clock.advance(2000);
  return { clock, response, said: () => response.written.length };
}

test("a listener that does not read is sent nothing more, and dropped after 30 s", async () => {
  const { clock, response, said } = await listening();
  const before = said();
  response.writableNeedDrain = true;
  await clock.advance(30_000);
  expect({ said: said(), destroyed: response.destroyed }).toEqual({ said: before, destroyed: false });
  await clock.advance(1000);
  expect(response.destroyed).toBe(true);
  expect(clock.pending).toBe(0);
});

test("one that reads again in time is sent the newest, once", async () => {
  const { clock, response, said } = await listening();
  const before = said();
  response.writableNeedDrain = true;
  await clock.advance(29_000);
  response.writableNeedDrain = false;
  await clock.advance(1000);
  expect(said()).toBe(before + 1);
  response.writableNeedDrain = true;
  await clock.advance(29_000);
  expect(response.destroyed).toBe(false);
});

test("nothing keeps listening to a response that is gone", async () => {
  const { response } = await listening();
  response.destroy();
  expect(response.listenerCount("close")).toBe(0);
});
