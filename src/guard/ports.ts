import type { HttpClient } from "@azure/core-rest-pipeline";
import { systemClock, systemRandom, type Clock } from "../clock.js";
import { createGateRegistry, type GateRegistry } from "../gate/gate-watcher.js";
import type { TokenFileReader } from "../gate/token-file.js";
import { httpProbe, type HttpProbe } from "../gate/http-probe.js";

/** Gives objects that take part in a key (wrapped credentials, HTTP clients) a name. */
export interface ObjectNames {
  readonly ids: WeakMap<object, number>;
  last: number;
}

/** What the guard needs of the world. Tests and the fleet simulation bring their own. */
export interface Ports {
  readonly clock: Clock;
  /** 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  /** Sends token requests. */
  readonly send: HttpClient;
  /** Loads what `send` needs, so that the first request does not wait for it. */
  readonly prepare?: () => Promise<unknown>;
  /** Reads the service account token's file; default: the file system. */
  readonly readFile?: TokenFileReader;
  /** Sends health requests and route probes. */
  readonly probe: HttpProbe;
  /** Where gates are watched, one watcher for each. */
  readonly gates: GateRegistry;
  readonly names: ObjectNames;
}

// The number changes with the shape of what is shared: versions that differ must not meet.
const SHARED: unique symbol = Symbol.for("azure-identity-guard.ports.2");

interface SharedGlobal {
  [SHARED]?: Pick<Ports, "gates" | "names">;
}

export function isolatedPorts(ports: Omit<Ports, "gates" | "names">): Ports {
  return { ...ports, gates: createGateRegistry(), names: { ids: new WeakMap(), last: 0 } };
}

let client: Promise<HttpClient> | undefined;

async function loadClient(): Promise<HttpClient> {
  const { createHttpClient } = await import("../endpoint/http-client.js");
  return await createHttpClient();
}

const lazyHttpClient: HttpClient = {
  sendRequest: async (request) => await (await (client ??= loadClient())).sendRequest(request),
};

let production: Ports | undefined;

/** The ports of production; all copies of the package in this thread share the gates. */
export function processPorts(): Ports {
  if (production !== undefined) return production;
  const own = isolatedPorts({
    clock: systemClock,
    random: systemRandom,
    send: lazyHttpClient,
    prepare: async () => await (client ??= loadClient()),
    probe: httpProbe,
  });
  // The symbol is our own: nobody else declares what is found there.
  const shared = globalThis as SharedGlobal;
  const { gates, names } = own;
  const common = shared[SHARED] === undefined ? { gates, names } : shared[SHARED];
  shared[SHARED] = common;
  production = { ...own, ...common };
  return production;
}

/** A name for `value` that is stable while the process runs, for objects that cannot be compared otherwise. */
export function objectId(names: ObjectNames, value: object): number {
  let id = names.ids.get(value);
  if (id === undefined) {
    id = ++names.last;
    names.ids.set(value, id);
  }
  return id;
}
