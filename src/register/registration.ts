/** What `register` did in this thread; one for all copies and both formats of this library. */
export interface Registration {
  installed: boolean;
  /** Copies and formats of `@azure/identity` that were guarded. */
  copies: number;
  /** Called with each further one. */
  onCopy: () => void;
}

const SHARED: unique symbol = Symbol.for("azure-identity-guard.register");

interface SharedGlobal {
  [SHARED]?: Registration;
}

export function registration(): Registration {
  // The symbol is our own: nobody else declares what is found there.
  const shared = globalThis as SharedGlobal;
  const found = shared[SHARED] ?? { installed: false, copies: 0, onCopy: () => undefined };
  shared[SHARED] = found;
  return found;
}
