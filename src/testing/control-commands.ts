import { faultMatch, faults, faultTarget } from "./control-faults.js";
import {
  BadInput,
  durationMs,
  flag,
  integer,
  number,
  object,
  objectOf,
  oneOf,
  optional,
  orNull,
  text,
} from "./control-fields.js";
import type { Reader } from "./control-fields.js";
import type { NodeSimulator } from "./node-simulator.js";
import { createIdentity } from "./simulated-identity.js";
import type { IdentityInit, IdentityRef } from "./simulated-identity.js";

/** What is posted to one path, by its `action`. */
type Commands = Readonly<Record<string, Command>>;
type Command = (simulator: NodeSimulator, fields: unknown) => Promise<void>;

function command<T>(read: Reader<T>, run: (simulator: NodeSimulator, input: T) => unknown): Command {
  return async (simulator, fields) => {
    await run(simulator, read(fields, ""));
  };
}

const identity: Reader<IdentityInit> = (value, field) => {
  const init = object({
    name: optional(text),
    clientId: optional(text),
    objectId: optional(text),
    resourceId: optional(text),
    tenantId: optional(text),
  })(value, field);
  return createIdentity(Object.fromEntries(Object.entries(init).filter(([, given]) => given !== undefined)));
};

const identityRef: Reader<IdentityRef> = (value, field) =>
  typeof value === "string" ? text(value, field) : createIdentity(identity(value, field));

const pod =
  (simulator: NodeSimulator): Reader<string> =>
  (value, field) => {
    const names = simulator.pods.flatMap(({ namespace, name }) => [name, `${namespace}/${name}`]);
    return oneOf(...names)(value, field);
  };

const ms = optional(durationMs);
const attempts = optional(integer(0, 1000));

const NMI: Commands = {
  start: command(
    object({ healthAfterMs: ms, activeAfterMs: ms, tokenServerLagMs: ms }),
    async ({ nmi }, options) => {
      const started = nmi.start(options);
      // Whoever gives times wants to watch, not to wait.
      if (Object.values(options).every((given) => (given ?? 0) === 0)) await started;
    },
  ),
  "set-state": command(
    object({ state: oneOf("down", "not-active", "active") }),
    async ({ nmi }, { state }) => await nmi.setState(state),
  ),
  "exit-gracefully": command(
    object({ graceMs: ms }),
    async ({ nmi }, options) => await nmi.exitGracefully(options),
  ),
  crash: command(object({}), async ({ nmi }) => await nmi.crash()),
  "drop-rule": command(
    object({ restoredAfterMs: ms }),
    async ({ nmi }, options) => await nmi.dropRule(options),
  ),
  "install-rule": command(object({}), async ({ nmi }) => await nmi.installRule()),
  configure: command(
    object({
      mode: optional(oneOf("standard", "managed")),
      setRetryAfterHeader: optional(flag),
      retryAfterSeconds: optional(integer(0, 86_400)),
      metadataHeaderRequired: optional(flag),
      findIdentityRetryIntervalMs: ms,
      retryAttemptsForCreated: attempts,
      retryAttemptsForAssigned: attempts,
      blockInstanceMetadata: optional(flag),
      namespaced: optional(flag),
      conntrackDeletion: optional(flag),
    }),
    ({ nmi }, settings) => nmi.configure(settings),
  ),
};

const MIC: Commands = {
  assign: async (simulator, fields) => {
    const {
      pod: owner,
      identity: assigned,
      ...options
    } = object({
      pod: pod(simulator),
      identity,
      afterMs: ms,
      createdAfterMs: ms,
      attach: optional(flag),
      imdsLagMs: ms,
      namespace: optional(text),
    })(fields, "");
    await Promise.resolve(simulator.mic.assign(owner, assigned, options));
  },
  unassign: async (simulator, fields) => {
    const given = object({ pod: pod(simulator), identity: identityRef })(fields, "");
    simulator.mic.unassign(given.pod, given.identity);
    await Promise.resolve();
  },
};

const IMDS: Commands = {
  attach: command(object({ identity, afterMs: ms }), ({ imds }, given) =>
    imds.attach(given.identity, { afterMs: given.afterMs }),
  ),
  detach: command(object({ identity: identityRef }), ({ imds }, given) => imds.detach(given.identity)),
  "set-system-assigned": command(object({ identity: orNull(identity) }), ({ imds }, given) =>
    imds.setSystemAssigned(given.identity),
  ),
  "set-stale-principal": command(
    object({ identity: identityRef, objectId: orNull(text) }),
    ({ imds }, given) => imds.setStalePrincipal(given.identity, given.objectId),
  ),
  "set-updating": command(
    object({ status: orNull(oneOf(404, 410)), forMs: ms }),
    ({ imds }, { status, forMs }) => imds.setUpdating(status, { forMs }),
  ),
  "set-limits": command(
    object({ perSecond: optional(integer(0, 1_000_000)), concurrent: optional(integer(0, 1_000_000)) }),
    ({ imds }, limits) => imds.setLimits(limits),
  ),
  "set-latency": command(object({ ms: number(0, 86_400_000) }), ({ imds }, given) =>
    imds.setLatency(given.ms),
  ),
  "set-tokens": command(
    object({
      lifetimeMs: optional(integer(0, 31_536_000_000)),
      version: optional(oneOf("1.0", "2.0")),
      format: optional(oneOf("signed", "unsigned", "opaque")),
    }),
    ({ imds }, tokens) => imds.setTokens(tokens),
  ),
  "clear-token-cache": command(object({}), ({ imds }) => imds.clearTokenCache()),
};

const FAULTS: Commands = {
  next: command(
    object({
      target: faultTarget,
      fault: faults,
      times: optional(integer(1, 1_000_000)),
      match: optional(faultMatch),
    }),
    (simulator, { target, fault, ...options }) => simulator.faults.next(target, fault, options),
  ),
  always: command(
    object({ target: faultTarget, fault: faults, untilMs: ms, match: optional(faultMatch) }),
    (simulator, { target, fault, ...options }) => simulator.faults.always(target, fault, options),
  ),
  release: command(object({}), (simulator) => simulator.faults.release()),
  clear: command(object({ target: optional(faultTarget) }), (simulator, { target }) =>
    simulator.faults.clear(target),
  ),
};

/** Paths that take commands. */
const PATHS: ReadonlyMap<string, Commands> = new Map([
  ["/nmi", NMI],
  ["/mic", MIC],
  ["/imds", IMDS],
  ["/faults", FAULTS],
]);

export const COMMAND_PATHS: readonly string[] = [...PATHS.keys()];

/**
 * Runs what was posted to `path`.
 *
 * @throws BadInput where the path, the action or a field is not accepted.
 */
export async function runCommand(simulator: NodeSimulator, path: string, body: unknown): Promise<void> {
  const commands = PATHS.get(path);
  if (commands === undefined) throw new BadInput(`No commands at ${path}; use ${COMMAND_PATHS.join(", ")}`);
  const { action, ...fields } = objectOf(body, "");
  const chosen = commands[oneOf(...Object.keys(commands))(action, "action")];
  await chosen?.(simulator, fields);
}
