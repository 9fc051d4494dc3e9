import type { GuardedExports } from "./guarded-copy.js";

/** The exports that are replaced. The compiler refuses one that is missing or too many. */
const REPLACED: Readonly<Record<keyof GuardedExports, true>> = {
  DefaultAzureCredential: true,
  ManagedIdentityCredential: true,
  WorkloadIdentityCredential: true,
  getDefaultAzureCredential: true,
};

/**
 * Source of the ES module that takes the place of a copy's main file: everything of the original, and guarded classes. What
 * a module exports by name wins over what it passes on with `*` (ECMA-262, ResolveExport).
 *
 * @param original URL by which the original is reached
 * @param guardedCopy URL of guarded-copy.js
 */
export function moduleFacade(original: string, guardedCopy: string): string {
  const from = JSON.stringify(original);
  return `import * as original from ${from};
import { guardCopy } from ${JSON.stringify(guardedCopy)};
export * from ${from};
export const { ${Object.keys(REPLACED).join(", ")} } = guardCopy(original, ${from});
`;
}
