/** Input that cannot be used; the message names the field and what it accepts. */
export class BadInput extends Error {}

/** Takes a value of JSON apart, or throws {@link BadInput}. `field` is the path to it, for the message. */
export type Reader<T> = (value: unknown, field: string) => T;

type Shape = Readonly<Record<string, Reader<unknown>>>;
type Read<S extends Shape> = { readonly [K in keyof S]: S[K] extends Reader<infer T> ? T : never };

function bad(field: string, value: unknown, accepted: string): BadInput {
  const shown = value === undefined ? "missing" : JSON.stringify(value).slice(0, 100);
  return new BadInput(`"${field}" is ${shown}; give ${accepted}`);
}

export const text: Reader<string> = (value, field) => {
  if (typeof value === "string" && value !== "") return value;
  throw bad(field, value, "a string that is not empty");
};

export const anyText: Reader<string> = (value, field) => {
  if (typeof value === "string") return value;
  throw bad(field, value, "a string");
};

export const anything: Reader<unknown> = (value) => value;

export const flag: Reader<boolean> = (value, field) => {
  if (typeof value === "boolean") return value;
  throw bad(field, value, "true or false");
};

export function number(min: number, max: number): Reader<number> {
  return (value, field) => {
    if (typeof value === "number" && value >= min && value <= max) return value;
    throw bad(field, value, `a number from ${min} to ${max}`);
  };
}

export function integer(min: number, max: number): Reader<number> {
  return (value, field) => {
    if (Number.isInteger(value)) return number(min, max)(value, field);
    throw bad(field, value, `a whole number from ${min} to ${max}`);
  };
}

/** A day is more than anything here takes. `"never"` stands for `Infinity`, which JSON cannot say. */
export const durationMs: Reader<number> = (value, field) => {
  if (value === "never") return Infinity;
  if (typeof value === "number" && value >= 0 && value <= 86_400_000) return value;
  throw bad(field, value, `milliseconds from 0 to 86400000, or "never"`);
};

export function oneOf<const T extends readonly (string | number)[]>(...accepted: T): Reader<T[number]> {
  return (value, field) => {
    const found = accepted.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    throw bad(field, value, `one of ${accepted.map((candidate) => JSON.stringify(candidate)).join(", ")}`);
  };
}

export function optional<T>(reader: Reader<T>): Reader<T | undefined> {
  return (value, field) => (value === undefined ? undefined : reader(value, field));
}

/** `null` is how JSON says that something is to be taken away. */
export function orNull<T>(reader: Reader<T>): Reader<T | undefined> {
  return (value, field) => (value === null ? undefined : reader(value, field));
}

export function listOf<T>(reader: Reader<T>): Reader<readonly T[]> {
  return (value, field) => {
    if (!Array.isArray(value)) throw bad(field, value, "a list");
    return value.map((item: unknown, index) => reader(item, `${field}[${index}]`));
  };
}

export function mapOf<T>(reader: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (value, field) =>
    Object.fromEntries(
      Object.entries(objectOf(value, field)).map(([key, item]) => [key, reader(item, `${field}.${key}`)]),
    );
}

/** An object with these fields and no others: a misspelt option must not be one that silently does nothing. */
export function object<S extends Shape>(shape: S): Reader<Read<S>> {
  return (value, field) => {
    const given = objectOf(value, field);
    const prefix = field === "" ? "" : `${field}.`;
    const unknown = Object.keys(given).find((key) => !Object.hasOwn(shape, key));
    if (unknown !== undefined) {
      const known = Object.keys(shape).join(", ");
      throw new BadInput(
        `"${prefix}${unknown}" is not known here; accepted are ${known === "" ? "no fields" : known}`,
      );
    }
    const read = Object.entries(shape).map(([key, reader]) => [key, reader(given[key], prefix + key)]);
    // Built from the entries of `shape`, each value by its reader: the compiler does not see through `fromEntries`.
    return Object.fromEntries(read) as Read<S>;
  };
}

export function objectOf(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw bad(field === "" ? "body" : field, value, "a JSON object");
}
