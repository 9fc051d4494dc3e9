import type { AbortSignalLike } from "../../src/abort.js";
import { describe, expect, it } from "vitest";
import { outcome, RIGHT, SCOPE, tokenAnswer, World } from "./world.js";

const ungated = { gate: "none", expect: { objectId: RIGHT } } as const;

function slow(): World {
  const world = new World();
  world.token = async () => {
    await world.clock.sleep(1_000);
    return tokenAnswer(world.clock.now());
  };
  return world;
}

describe("an abort signal of the caller's own making", () => {
  it("that throws when nobody listens any more disturbs neither its caller nor others", async () => {
    const world = slow();
    await using credential = world.credential(ungated, {});
    const abortSignal: AbortSignalLike = {
      aborted: false,
      addEventListener: () => undefined,
      removeEventListener: () => {
        throw new Error("not implemented");
      },
    };
    const calls = [credential.getToken(SCOPE, { abortSignal }), credential.getToken(SCOPE)];
    for (const call of calls) call.catch(() => undefined);
    await world.clock.advance(1_000);
    for (const call of calls) expect(await outcome(call)).toHaveProperty("value");
  });

  it("whose reason cannot be read still aborts", async () => {
    const world = slow();
    await using credential = world.credential(ungated, {});
    let fire = (): void => undefined;
    const abortSignal: AbortSignalLike & { readonly reason: unknown } = {
      aborted: false,
      addEventListener: (_type, listener) => {
        fire = () => void listener.call(abortSignal, { type: "abort" });
      },
      removeEventListener: () => undefined,
      get reason(): unknown {
        throw new Error("not implemented");
      },
    };
    const call = credential.getToken(SCOPE, { abortSignal });
    call.catch(() => undefined);
    await world.clock.advance(1);
    fire();
    expect(await outcome(call)).toHaveProperty("error.name", "AbortError");
  });
});

describe("a listener", () => {
  it("that ends itself and listens anew is called once for each event", async () => {
    const world = new World();
    await using credential = world.credential(ungated, {});
    let calls = 0;
    const again = (): void => {
      if (++calls > 100) throw new Error("called for ever");
      undo();
      undo = credential.health.on("token", again);
    };
    let undo = credential.health.on("token", again);
    await credential.getToken(SCOPE);
    expect(calls).toBe(1);
  });
});
