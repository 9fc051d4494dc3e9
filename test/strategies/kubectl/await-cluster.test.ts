import { describe, expect, test } from "vitest";
import { awaitCluster, ClusterError } from "./await-cluster.js";
import { KubectlError } from "./kubectl.js";

const refusal = (reason: string): KubectlError =>
  new KubectlError(["get"], `Error from server (${reason}): it is ${reason}`);

/** Fails with each of these once, and finds something then. */
function failing(...errors: readonly Error[]): () => Promise<string> {
  const left = [...errors];
  return async () => {
    const error = left.shift();
    if (error !== undefined) throw error;
    return "found";
  };
}

describe("waiting for a cluster", () => {
  test("ends at its limit, whether or not a look returns", async () => {
    let given: AbortSignal | undefined;
    const look = async (signal: AbortSignal): Promise<never> => {
      given = signal;
      return await new Promise<never>(() => undefined);
    };
    const waiting = awaitCluster("It is not there", look, { limitMs: 20 });
    await expect(waiting).rejects.toThrow(new ClusterError("It is not there: not within 0.02 s"));
    expect(given?.aborted).toBe(true);
  });

  test("ends with the reason of whoever cuts it off, whether or not a look returns", async () => {
    const cutOff = new AbortController();
    const reason = new Error("enough");
    const look = async (): Promise<undefined> => {
      cutOff.abort(reason);
      return await new Promise<never>(() => undefined);
    };
    await expect(awaitCluster("It", look, { signal: cutOff.signal })).rejects.toBe(reason);
    await expect(awaitCluster("It", failing(), { signal: cutOff.signal })).rejects.toBe(reason);
  });

  test("ends at the first error, unless it is persistent", async () => {
    const error = refusal("ServiceUnavailable");
    await expect(awaitCluster("It", failing(error))).rejects.toBe(error);
  });

  test("that is persistent outlives errors that may pass", async () => {
    const refused = new KubectlError(["get"], "The connection to the server 127.0.0.1:1 was refused");
    const changed = new KubectlError(["get"], "Error from server: etcdserver: leader changed");
    const look = failing(refusal("ServiceUnavailable"), refused, changed);
    expect(await awaitCluster("It", look, { persistent: true })).toBe("found");
  });

  test.each(["Forbidden", "Unauthorized", "Invalid", "NotFound"])(
    "that is persistent ends all the same with %s",
    async (reason) => {
      const error = refusal(reason);
      await expect(awaitCluster("It", failing(error), { persistent: true })).rejects.toBe(error);
    },
  );

  test("says at its limit what has not passed", async () => {
    const look = async (): Promise<never> => await Promise.reject(refusal("ServiceUnavailable"));
    const waiting = awaitCluster("It is not there", look, { persistent: true, limitMs: 20 });
    await expect(waiting).rejects.toThrow(/not within 0.02 s \(kubectl get: .*ServiceUnavailable/u);
  });
});
