import { emitWarning } from "node:process";
import { createClientLogger, type AzureLogger } from "@azure/logger";

/** Logs beside the Azure SDK's own, by the same switch: `AZURE_LOG_LEVEL`, or `setLogLevel` of `@azure/logger`. */
export const logger: AzureLogger = createClientLogger("identity-guard");

/** Warnings said in this process already; no more than these are kept, or said. */
const said = new Set<string>();
const MAX_WARNINGS = 100;

/**
 * Says once what leaves a pod unprotected, such as a misspelt variable. It goes through Node's own warnings too, since
 * the log is silent unless somebody turned it on, and then it would be too late.
 */
export function warnOnce(message: string): void {
  if (said.has(message) || said.size >= MAX_WARNINGS) return;
  said.add(message);
  logger.warning(message);
  emitWarning(message, { type: "IdentityGuardWarning" });
}
