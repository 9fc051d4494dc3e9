import { setTimeout as pause } from "node:timers/promises";

const LIMIT_MS = 15_000;

/** Asks again and again until `holds`; what another process does shows only by asking. Throws after 15 s. */
export async function eventually(holds: () => Promise<boolean> | boolean): Promise<void> {
  const giveUpAt = performance.now() + LIMIT_MS;
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error(`This has not come true within 15 s: ${String(holds)}`);
    await pause(20);
  }
}
