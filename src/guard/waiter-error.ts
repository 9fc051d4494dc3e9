import type { IdentityGuardError } from "../errors.js";
import { acquisitionError, type Ending } from "./acquisition-error.js";
import type { AcquisitionContext } from "./acquisition-context.js";
import { AttemptLog } from "./attempt-log.js";
import type { Waiter } from "./waiter.js";

const NO_ATTEMPTS = new AttemptLog();

/** Why `waiter` gets no token, if it ended now. `name` is what it asked for. */
export function waiterError(
  waiter: Waiter,
  { ports, gate }: Pick<AcquisitionContext, "ports" | "gate">,
  end: Pick<Ending, "name" | "failure" | "by"> & { readonly log?: AttemptLog },
): IdentityGuardError {
  const { log = NO_ATTEMPTS, ...ending } = end;
  const observation = gate?.latest();
  return acquisitionError({
    ...ending,
    waitedMs: ports.clock.elapsed() - waiter.joinedAt,
    budgetMs: waiter.schedule.budgetMs,
    attempts: log.records,
    attemptCount: log.count,
    gateName: gate?.gate.name,
    gateClosed: observation?.state === "closed" ? observation : undefined,
  });
}
