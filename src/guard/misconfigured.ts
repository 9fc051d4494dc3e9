import { IdentityGuardError } from "../errors.js";
import { showName, showValue } from "../identity/show-value.js";

/**
 * The `ERR_GUARD_CONFIGURATION` of one setting, or of several that are wrong together; the value is shown as far as it
 * is no secret.
 *
 * @param names of one setting, or of several with ", " between them
 * @param cause what was said about the value, redacted
 */
export function misconfigured(
  names: string,
  value: unknown,
  expected: string,
  cause?: Error,
): IdentityGuardError<"ERR_GUARD_CONFIGURATION"> {
  const shown = names.split(", ").map(showName);
  const problem = { name: shown.join(", "), value: showValue(value), expected };
  const verb = shown.length === 1 ? "is" : "are";
  const what = value === undefined ? "not set" : problem.value;
  const said = cause === undefined ? "" : `: ${cause.message.replace(/[\s.]+$/u, "")}`;
  return new IdentityGuardError(
    "ERR_GUARD_CONFIGURATION",
    `${shown.join(" and ")} ${verb} ${what}${said}; expected: ${expected}`,
    { problems: [problem] },
    cause === undefined ? {} : { cause },
  );
}
