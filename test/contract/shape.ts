/** Members whose values differ between any two instances, or that all instances of a process share. */
const NO_PART: ReadonlySet<string> = new Set(["correlationId", "logger", "nodeStorage", "cryptoProvider"]);

/**
 * An object as plain data: its class and all that it holds, down to MSAL's, so that two objects can be compared that share
 * nothing. Functions count by their names, for nothing else can be seen of them.
 */
export function shapeOf(value: unknown, within: readonly object[] = []): unknown {
  if (typeof value === "function") return `function ${value.name}`;
  if (typeof value !== "object" || value === null) return value;
  const depth = within.indexOf(value);
  if (depth >= 0) return `the object ${within.length - depth} above`;
  const around = [...within, value];
  if (Array.isArray(value)) return value.map((each) => shapeOf(each, around));
  if (value instanceof Map || value instanceof Set) return [...value].map((each) => shapeOf(each, around));
  const { constructor } = value as { readonly constructor?: { readonly name: string } };
  const members = Object.entries(value).filter(([name]) => !NO_PART.has(name));
  return [
    constructor?.name,
    Object.fromEntries(members.map(([name, each]) => [name, shapeOf(each, around)])),
  ];
}
