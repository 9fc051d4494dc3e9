import { createHash } from "node:crypto";

/** The form in which a policy names a script or a style (CSP Level 3, hash-source). */
export function sourceHash(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
