import { format } from "node:util";
import { AzureLogger, setLogLevel } from "@azure/logger";

setLogLevel("verbose");

let sink: string[] | undefined;
AzureLogger.log = (...args: unknown[]) => {
  sink?.push(format(...args));
};

/** Adds every line that the Azure SDK's logger is given, at any level, to `lines`. Returns its own undo. */
export function collectLogs(lines: string[]): () => void {
  sink = lines;
  return () => {
    sink = undefined;
  };
}
