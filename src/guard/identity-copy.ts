import type * as Identity from "@azure/identity";

/** One installed copy of `@azure/identity`, in one format. */
export interface IdentityCopy {
  /** What it exports itself. */
  readonly identity: typeof Identity;
  /** Its folder, the same for its ES modules and its CommonJS. */
  readonly folder: string;
}

// Shared by the ESM and the CommonJS copy of this library.
const STANDS_IN: unique symbol = Symbol.for("azure-identity-guard.stands-in");

interface StandIn {
  readonly [STANDS_IN]?: IdentityCopy;
}

/** Makes a guarded class one that takes the place of the class of `copy`: what it delegates, it delegates to that copy. */
export function standIn(guardedClass: object, copy: IdentityCopy): void {
  Object.defineProperty(guardedClass, STANDS_IN, { value: copy });
}

/** The copy whose class this class, or one that it extends, takes the place of. */
export function copyOf(anyClass: object): IdentityCopy | undefined {
  // The symbol is our own: nobody else declares what is found there.
  return (anyClass as StandIn)[STANDS_IN];
}
