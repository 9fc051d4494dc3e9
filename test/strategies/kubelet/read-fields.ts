/** Reads one value of a manifest; `at` is where it stands, as `spec.containers[0].image`. Throws ManifestError. */
export type Read<T> = (value: unknown, at: string) => T;

/** A manifest that this kubelet does not run, with the field that is to blame. */
export class ManifestError extends Error {
  override readonly name = "ManifestError";
}

const refuse = (at: string, expected: string): never => {
  throw new ManifestError(`${at}: ${expected}`);
};

export const text: Read<string> = (value, at) =>
  typeof value === "string" ? value : refuse(at, "a string is expected here");

export const flag: Read<boolean> = (value, at) =>
  typeof value === "boolean" ? value : refuse(at, "true or false is expected here");

export const whole =
  (least: number): Read<number> =>
  (value, at) =>
    typeof value === "number" && Number.isInteger(value) && value >= least
      ? value
      : refuse(at, `a whole number, ${least} or more, is expected here`);

export const oneOf =
  <T extends string>(...accepted: readonly T[]): Read<T> =>
  (value, at) =>
    accepted.find((each) => each === value) ?? refuse(at, `one of ${accepted.join(", ")} is expected here`);

export const either =
  <A, B>(test: (value: unknown) => boolean, first: Read<A>, second: Read<B>): Read<A | B> =>
  (value, at) =>
    test(value) ? first(value, at) : second(value, at);

export const listOf =
  <T>(item: Read<T>): Read<readonly T[]> =>
  (value, at) =>
    Array.isArray(value)
      ? value.map((each: unknown, index) => item(each, `${at}[${index}]`))
      : refuse(at, "a list is expected here");

export const mapOf =
  <T>(item: Read<T>): Read<Readonly<Record<string, T>>> =>
  (value, at) =>
    Object.fromEntries(
      Object.entries(mapping(value, at)).map(([key, each]) => [key, item(each, `${at}.${key}`)]),
    );

/** Accepted and left without effect: what processes on a machine of tests have no use for. */
export const noEffect: Read<undefined> = () => undefined;

export const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, at) =>
    value === undefined ? undefined : read(value, at);

export const usually =
  <T>(read: Read<T>, usual: T): Read<T> =>
  (value, at) =>
    value === undefined ? usual : read(value, at);

type Fields = Readonly<Record<string, Read<unknown>>>;
export type Of<F extends Fields> = { readonly [K in keyof F]: F[K] extends Read<infer T> ? T : never };

/** An object with these fields and no other: a field that nobody acts upon must not look as if somebody did. */
export const object =
  <F extends Fields>(fields: F): Read<Of<F>> =>
  (value, at) => {
    const given = mapping(value, at);
    for (const key of Object.keys(given)) {
      if (!Object.hasOwn(fields, key))
        refuse(at === "" ? key : `${at}.${key}`, "this kubelet does not know the field");
    }
    const entries = Object.entries(fields).map(([key, read]) => [
      key,
      read(given[key], at === "" ? key : `${at}.${key}`),
    ]);
    return Object.fromEntries(entries) as Of<F>;
  };

function mapping(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  return refuse(at === "" ? "manifest" : at, "a mapping is expected here");
}
