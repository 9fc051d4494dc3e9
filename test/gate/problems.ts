import { isGuardError } from "../../src/errors.js";

/** The names of what is refused about the options of a gate. */
export function problemsOf(make: () => unknown): readonly string[] {
  try {
    make();
  } catch (error) {
    if (!isGuardError(error, "ERR_GUARD_CONFIGURATION")) throw error;
    if (error.message.includes("s3cr3t")) throw new Error("a secret was shown", { cause: error });
    return error.details.problems.map(({ name }) => name);
  }
  throw new Error("not refused");
}
