import { setTimeout as pause } from "node:timers/promises";

const LIMIT_MS = 15_000;

/** Asks again and again until `holds`; what another process does shows only by asking. Throws after `limitMs`, 15 s. */
export async function eventually(
  holds: () => Promise<boolean> | boolean,
  limitMs: number = LIMIT_MS,
): Promise<void> {
  const giveUpAt = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > giveUpAt)
      throw new Error(`This has not come true within ${limitMs} ms: ${String(holds)}`);
    await pause(20);
  }
}
