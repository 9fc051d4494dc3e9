import { setTimeout as pause } from "node:timers/promises";
import type { Tally } from "./storage-front.js";
import type { Azurite } from "./azurite.js";
import { ClientApplication, type Loading, type Operation } from "./client-application.js";
import { RIGHT, Stage } from "./stage.js";
import type { World } from "./worlds.js";

/** An application, and how the guard comes to it. */
export interface Traveller {
  readonly file: "app.mjs" | "app.cjs" | "with-guard.mjs";
  readonly loading: Loading;
}

/** What became of an operation: `right`, `wrong` (refused, since the token is another identity's), or the code of an error. */
export type Outcome = string;

export interface Journey {
  /** What ended during the bad start. */
  readonly start: readonly Outcome[];
  readonly afterStart: readonly Outcome[];
  /** Whether it took a new process to get the right token. */
  readonly restarted: boolean;
  readonly middle: readonly Outcome[];
  readonly afterMiddle: readonly Outcome[];
  readonly requests: Tally;
}

/** What the guard is told in every world. */
export const EXPECTED: Readonly<Record<string, string>> = {
  AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: RIGHT.objectId,
};

/** An application that waits tells nothing, so these are times. The middle is longer than a short token is good for. */
const START_MS = 4_000;
const MIDDLE_MS = 20_000;
/** Operations that show whether a recovery is one for the application: two rounds, after one that was under way. */
const ENOUGH = 6;

/** Takes an application through a world, from its bad start to the end of its bad middle. */
export async function travel(world: World, traveller: Traveller, azurite: Azurite): Promise<Journey> {
  await using stage = await Stage.start(world.node, azurite);
  const guarded = traveller.loading !== "none" || traveller.file === "with-guard.mjs";
  const environment = {
    ...stage.environment,
    ...world.plane(stage),
    ...(guarded ? { ...EXPECTED, ...world.guard(stage) } : {}),
  };
  stage.setTokenLife(world.startTokens ?? "a day");
  world.start?.(stage);
  const { file, loading } = traveller;
  await using application = new ClientApplication(`storage-blob/${file}`, loading, environment);
  await application.started();
  await pause(START_MS);
  if (!guarded) await application.ended(2);
  const started = application.operations.length;

  // From here to the middle, tokens are as at the end of their day.
  stage.setTokenLife("short");
  await world.recover(stage);
  await application.ended(started + ENOUGH);
  const first = outcomes(application.operations);
  const restarted = first.at(-1) !== "right";
  if (restarted) {
    await application.restart();
    await application.ended(ENOUGH);
  }

  const before = application.operations.length;
  await world.break(stage);
  stage.setTokenLife("a day");
  await pause(MIDDLE_MS);
  const broken = application.operations.length;

  await world.recover(stage);
  await application.ended(broken + ENOUGH);
  const last = outcomes(application.operations);
  return {
    start: first.slice(0, started),
    afterStart: first.slice(started),
    restarted,
    middle: last.slice(before, broken),
    afterMiddle: last.slice(broken),
    requests: stage.front.tally,
  };
}

export function outcomes(operations: readonly Operation[]): readonly Outcome[] {
  return operations.map(({ outcome, code, name, status, message }) => {
    if (outcome === "ok") return "right";
    if (status === 403) return "wrong";
    return /AADSTS\d+/u.exec(message ?? "")?.[0] ?? code ?? name ?? "unknown";
  });
}
