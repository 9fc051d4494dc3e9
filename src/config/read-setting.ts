import { IdentityGuardError } from "../errors.js";
import { showValue } from "../identity/show-value.js";
import { variable, type EnvironmentValues } from "./environment.js";
import { OPTION_KINDS, type OptionKind, type OptionValues } from "./option-kind.js";
import { OPTION_TABLE } from "./option-table.js";

/**
 * One setting of the environment, for what is no part of a credential; `undefined` where it is unset.
 *
 * @throws IdentityGuardError `ERR_GUARD_CONFIGURATION` for a value that is not accepted
 */
export function readSetting<K extends OptionKind>(
  environment: EnvironmentValues,
  name: string,
  kind: K,
): OptionValues[K] | undefined {
  const row = OPTION_TABLE.find((each) => each.variable === name);
  if (row?.kind !== kind) throw new TypeError(`The option table has no ${name} of kind ${kind}.`);
  const text = variable(environment, name)?.trim();
  if (text === undefined) return undefined;
  const value = OPTION_KINDS[kind].fromText(text);
  if (value !== undefined) return value;
  const problem = { name, value: showValue(text), expected: row.form };
  throw new IdentityGuardError(
    "ERR_GUARD_CONFIGURATION",
    `${name} is ${problem.value}; expected: ${row.form}`,
    { problems: [problem] },
  );
}
