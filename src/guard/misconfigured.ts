import { IdentityGuardError } from "../errors.js";
import { showName, showValue } from "../identity/show-value.js";

/** The `ERR_GUARD_CONFIGURATION` of one setting; the value is shown as far as it is no secret. */
export function misconfigured(
  name: string,
  value: unknown,
  expected: string,
  options?: ErrorOptions,
): IdentityGuardError<"ERR_GUARD_CONFIGURATION"> {
  const problem = { name: name.split(", ").map(showName).join(", "), value: showValue(value), expected };
  return new IdentityGuardError(
    "ERR_GUARD_CONFIGURATION",
    `${problem.name} is ${problem.value}; expected: ${expected}`,
    { problems: [problem] },
    options,
  );
}
