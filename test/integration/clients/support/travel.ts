import { setTimeout as pause } from "node:timers/promises";
import { IN_KUBERNETES } from "../../support/setups.js";
import type { Azurite } from "./azurite.js";
import { ClientApplication, type Loading, type Operation } from "./client-application.js";
import { Stage } from "./stage.js";
import { StorageFront } from "./storage-front.js";
import type { World } from "./worlds.js";

/** An application, and how the guard comes to it. */
export interface Traveller {
  readonly file: "app.mjs" | "app.cjs" | "with-guard.mjs";
  readonly loading: Loading;
}

/** Whether the guard has a part in it. */
export const isGuarded = ({ file, loading }: Traveller): boolean =>
  loading !== "none" || file === "with-guard.mjs";

/** What became of operations: `right`, `wrong` (refused, as another identity), or the code of an error. */
export type Outcome = string;

export interface Journey {
  /** What ended during the bad start. */
  readonly start: readonly Outcome[];
  /** What ended after it. */
  readonly recovered: readonly Outcome[];
  /** Whether it took a new process to get the right token. */
  readonly restarted: boolean;
  readonly middle: readonly Outcome[];
  readonly end: readonly Outcome[];
  /** Requests that the blob service saw. */
  readonly tally: { readonly right: number; readonly wrong: number; readonly all: number };
}

/** Bad starts and middles last this long, for the guard has nothing to tell meanwhile; the middle outlives a short token. */
const START_MS = 4_000;
const MIDDLE_MS = 20_000;
/** Operations by which it shows whether a recovery is one for the application: two rounds, after one that was under way. */
const SHOWS = 6;
/** The guard's whole budget, and what a busy machine adds. */
const LIMIT_MS = 100_000;

/** Takes one application through one world, and tells what it met. */
export async function travel(world: World, traveller: Traveller, azurite: Azurite): Promise<Journey> {
  await using stage = await Stage.start(world.node);
  await using front = await StorageFront.start({
    certificate: stage.entra.issueCertificate(["127.0.0.1"]),
    azurite,
    admits: stage.right.objectId,
  });
  const guarded = isGuarded(traveller);
  const environment = {
    ...IN_KUBERNETES,
    NODE_EXTRA_CA_CERTS: stage.entra.caCertificateFile,
    STORAGE_URL: front.url,
    CONTAINER: `c${front.url.replace(/\D/gu, "")}`,
    PAUSE_MS: "300",
    ...world.plane(stage),
    ...(guarded ? world.guard(stage) : {}),
    ...(guarded ? { AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: stage.right.objectId } : {}),
  };
  const begin = (): ClientApplication =>
    new ClientApplication(`storage-blob/${traveller.file}`, traveller.loading, environment);

  stage.setTokenLife(world.startTokens ?? "a day");
  world.start?.(stage);
  const first = begin();
  let restarted: ClientApplication | undefined;
  try {
    await first.started(LIMIT_MS);
    await pause(START_MS);
    if (!guarded) await first.ended(2, LIMIT_MS);
    const start = outcomes(first.operations);

    stage.setTokenLife("short");
    await world.recover(stage);
    await first.ended(start.length + SHOWS, LIMIT_MS);
    const recovered = outcomes(first.operations.slice(start.length));
    if (recovered.at(-1) !== "right") {
      await first[Symbol.asyncDispose]();
      restarted = begin();
      await restarted.ended(SHOWS, LIMIT_MS);
    }

    const application = restarted ?? first;
    // Whoever answers wrongly from now on does so with tokens of a day.
    const before = application.operations.length;
    await world.break(stage);
    if (world.startTokens === undefined) stage.setTokenLife("a day");
    await pause(MIDDLE_MS);
    const broken = application.operations.length;

    await world.recover(stage);
    stage.setTokenLife("a day");
    await application.ended(broken + SHOWS, LIMIT_MS);
    const { operations } = application;
    return {
      start,
      recovered,
      restarted: restarted !== undefined,
      middle: outcomes(operations.slice(before, broken)),
      end: outcomes(operations.slice(broken)),
      tally: {
        right: front.requestsOf(stage.right),
        wrong: front.requestsOf(stage.wrong),
        all: front.requests,
      },
    };
  } finally {
    await restarted?.[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
  }
}

function outcomes(operations: readonly Operation[]): readonly Outcome[] {
  return operations.map(({ outcome, code, name, message }) => {
    if (outcome === "ok") return "right";
    if (code === "AuthorizationPermissionMismatch") return "wrong";
    return /AADSTS\d+/u.exec(message ?? "")?.[0] ?? code ?? name ?? "an error";
  });
}
