import type { Clock } from "../../clock.js";
import { withTimeLimit } from "../../gate/time-limit.js";
import type { FilePorts } from "./look-at-injection.js";

/** Rejects with `ETIMEDOUT` where a file takes longer than `limitMs` milliseconds. */
export function limitedFiles(
  ports: FilePorts & { readonly clock: Clock; readonly signal: AbortSignal },
  limitMs: number,
): Pick<FilePorts, "readFile" | "modifiedAt"> {
  const limited = async <T>(work: () => Promise<T>): Promise<T> => {
    const result = await withTimeLimit(limitMs, work, ports);
    if (!result.timedOut) return result.value;
    throw Object.assign(new Error("The file was not read in time."), { code: "ETIMEDOUT" });
  };
  return {
    readFile: async (path) => await limited(async () => await ports.readFile(path)),
    modifiedAt: async (path) => await limited(async () => await ports.modifiedAt(path)),
  };
}
