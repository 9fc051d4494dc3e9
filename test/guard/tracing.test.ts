import { AsyncLocalStorage } from "node:async_hooks";
import {
  useInstrumenter,
  type Instrumenter,
  type InstrumenterSpanOptions,
  type TracingContext,
  type TracingSpan,
} from "@azure/core-tracing";
import { expect, test } from "vitest";
import type { GuardedCredential } from "../../src/guard/guarded-credential.js";
import { RIGHT, SCOPE, tokenAnswer, World, WRONG } from "./world.js";

class Context implements TracingContext {
  readonly #values: ReadonlyMap<symbol, unknown>;
  readonly span: string | undefined;

  constructor(span: string | undefined, values: ReadonlyMap<symbol, unknown> = new Map()) {
    this.span = span;
    this.#values = values;
  }

  getValue(key: symbol): unknown {
    return this.#values.get(key);
  }

  setValue(key: symbol, value: unknown): TracingContext {
    return new Context(this.span, new Map([...this.#values, [key, value]]));
  }

  deleteValue(key: symbol): TracingContext {
    return new Context(this.span, new Map([...this.#values].filter(([name]) => name !== key)));
  }
}

/** Tracing that only writes down which span is part of which; each is called by its name and a number. */
class Tracer implements Instrumenter {
  readonly #active = new AsyncLocalStorage<TracingContext>();
  readonly lines: string[] = [];

  startSpan(
    name: string,
    { tracingContext = this.#active.getStore() }: InstrumenterSpanOptions,
  ): { span: TracingSpan; tracingContext: TracingContext } {
    const parent = tracingContext instanceof Context ? tracingContext.span : undefined;
    const line = `${parent ?? "nothing"} > ${name}`;
    this.lines.push(line);
    const span: TracingSpan = {
      end: () => undefined,
      isRecording: () => true,
      setAttribute: () => undefined,
      recordException: () => undefined,
      setStatus: ({ status }) => {
        if (status === "error") this.lines.push(`${name} failed`);
      },
    };
    return { span, tracingContext: new Context(name) };
  }

  withContext<Args extends unknown[], Callback extends (...args: Args) => ReturnType<Callback>>(
    context: TracingContext,
    callback: Callback,
    ...args: Args
  ): ReturnType<Callback> {
    return this.#active.run(context, callback, ...args);
  }

  parseTraceparentHeader(): undefined {
    return undefined;
  }

  createRequestHeaders(): Record<string, string> {
    return {};
  }

  /** Within a span of the application's. */
  within<T>(span: string, act: () => T): T {
    return this.#active.run(new Context(span), act);
  }
}

function traced(): { readonly world: World; readonly tracer: Tracer } {
  const tracer = new Tracer();
  useInstrumenter(tracer);
  return { world: new World(), tracer };
}

const of = (span: string): { readonly tracingOptions: { readonly tracingContext: TracingContext } } => ({
  tracingOptions: { tracingContext: new Context(span) },
});

async function settle(world: World, ...calls: readonly Promise<unknown>[]): Promise<void> {
  const all = Promise.allSettled(calls);
  await world.clock.advance(2_000);
  await all;
}

test("a call is part of the span in its tracingOptions, and the token request part of the call", async () => {
  const { world, tracer } = traced();
  await using credential = world.credential();
  await settle(world, credential.getToken(SCOPE, of("one")));
  expect(tracer.lines).toEqual(["one > IdentityGuard.getToken", "IdentityGuard.getToken > HTTP GET"]);
});

test("a call without tracingOptions is part of the active span", async () => {
  const { world, tracer } = traced();
  await using credential = world.credential();
  await settle(
    world,
    tracer.within("one", async () => await credential.getToken(SCOPE)),
  );
  expect(tracer.lines).toEqual(["one > IdentityGuard.getToken", "IdentityGuard.getToken > HTTP GET"]);
});

test("a call that the cache serves is no span", async () => {
  const { world, tracer } = traced();
  await using credential = world.credential();
  await settle(world, credential.getToken(SCOPE));
  tracer.lines.length = 0;
  await credential.getToken(SCOPE, of("two"));
  expect(tracer.lines).toEqual([]);
});

test("calls that share an acquisition are a span each, the request part of the first", async () => {
  const { world, tracer } = traced();
  await using credential = world.credential();
  await settle(world, credential.getToken(SCOPE, of("one")), credential.getToken(SCOPE, of("two")));
  expect(tracer.lines).toEqual([
    "one > IdentityGuard.getToken",
    "two > IdentityGuard.getToken",
    "IdentityGuard.getToken > HTTP GET",
  ]);
});

test("a failure is recorded on the call's span", async () => {
  const { world, tracer } = traced();
  world.token = () => ({ status: 400, body: JSON.stringify({ error: "invalid_request" }) });
  await using credential = world.credential();
  await settle(world, credential.getToken(SCOPE, of("one")));
  expect(tracer.lines.at(-1)).toBe("IdentityGuard.getToken failed");
});

const halfLife = async (world: World, credential: GuardedCredential): Promise<void> => {
  const { refreshAfterTimestamp = 0 } = await credential.getToken(SCOPE);
  world.clock.jump(refreshAfterTimestamp - world.clock.now() + 1);
};

test("a refresh in the background is a span of its own, part of that of the call that began it", async () => {
  const { world, tracer } = traced();
  await using credential = world.credential({ expect: { objectId: RIGHT } });
  await settle(world, credential.getToken(SCOPE));
  await halfLife(world, credential);
  world.token = (n) => tokenAnswer(world.clock.now(), { oid: n === 2 ? WRONG : RIGHT, serial: n });
  tracer.lines.length = 0;
  await settle(world, credential.getToken(SCOPE, of("two")));
  await world.clock.advance(10_000);
  expect(tracer.lines).toEqual([
    "two > IdentityGuard.refresh",
    "IdentityGuard.refresh > HTTP GET",
    "IdentityGuard.refresh > HTTP GET",
  ]);
});

test("warm-up is part of no span, not of the one in which the credential was made", async () => {
  const { world, tracer } = traced();
  await using credential = tracer.within("one", () => world.credential({ warmUpScopes: [SCOPE] }));
  await world.clock.advance(2_000);
  await halfLife(world, credential);
  await world.clock.advance(70_000);
  expect(tracer.lines).toEqual([
    "nothing > IdentityGuard.warmUp",
    "IdentityGuard.warmUp > HTTP GET",
    "nothing > IdentityGuard.warmUp",
    "IdentityGuard.warmUp > HTTP GET",
  ]);
});

test("warmUp() is part of the active span", async () => {
  const { world, tracer } = traced();
  await using credential = world.credential();
  await settle(
    world,
    tracer.within("one", async () => await credential.warmUp(SCOPE)),
  );
  expect(tracer.lines).toEqual(["one > IdentityGuard.warmUp", "IdentityGuard.warmUp > HTTP GET"]);
});
