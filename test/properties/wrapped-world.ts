import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/core-auth";
import { untilAborted } from "../../src/abort.js";
import { resolveOptions } from "../../src/config/options.js";
import type { Gate, GateObservation } from "../../src/gate/gate.js";
import { createGuard } from "../../src/guard/guard.js";
import type { ManualClock } from "../../src/testing/manual-clock.js";
import { answerTo, connectionError, type Answer, type Issued } from "./answers.js";
import { fastClock, guardOptions, portsOf } from "./managed-world.js";
import { phaseAt, type Moment, type PlaneRecord, type TokenRequestRecord } from "./plane.js";
import type { Health, Schedule } from "./schedule.js";
import type { World } from "./simulation.js";
import { jwt, WRONG } from "./tokens.js";

/** How a credential of somebody else behaves, and whether somebody's gate is before it. */
export interface WrappedSchedule extends Schedule {
  /** Whether the credential stops when its signal aborts. */
  readonly honoursSignal: boolean;
  /** Whether a wrong token is the same one each time. */
  readonly stubborn: boolean;
  readonly gated: boolean;
}

const SCOPES = ["https://vault.azure.net/.default", "api://app/.default"] as const;

/** A credential that follows the phases of a schedule, and lets tokens out wherever errors can carry them. */
class StrangeCredential implements TokenCredential, PlaneRecord {
  readonly requests: TokenRequestRecord[] = [];
  readonly probes: [] = [];
  readonly issued: Map<string, Issued> = new Map();
  readonly #clock: ManualClock;
  readonly #schedule: WrappedSchedule;
  sleeps = 0;
  #order = 0;

  constructor(clock: ManualClock, schedule: WrappedSchedule) {
    this.#clock = clock;
    this.#schedule = schedule;
  }

  moment(): Moment {
    return { at: this.#clock.elapsed(), order: ++this.#order };
  }

  async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    const record: TokenRequestRecord = { resource: String(scopes), start: this.moment() };
    this.requests.push(record);
    try {
      return await this.#answered(record, options?.abortSignal as AbortSignal);
    } finally {
      record.end = this.moment();
    }
  }

  async #answered(record: TokenRequestRecord, signal: AbortSignal): Promise<AccessToken> {
    const { phases, stubborn, honoursSignal } = this.#schedule;
    const { answer: kind, latencyMs } = phaseAt(phases, this.#clock.elapsed());
    const now = this.#clock.now();
    const answer = answerTo(kind, { now, serial: this.requests.length, route: "nmi" }, (token) =>
      this.#issue(token),
    );
    const waited = this.sleep(answer === "hang" ? Infinity : latencyMs);
    await (honoursSignal ? untilAborted(waited, signal) : waited);
    if (answer === "hang" || answer instanceof Error) throw answer === "hang" ? connectionError() : answer;
    if (answer.issued === undefined) return refuse(answer);
    record.issued = answer.issued;
    if (kind === "wrong-oid" && stubborn) {
      const expiresOn = Date.UTC(2027, 0, 1);
      record.issued = { ...answer.issued, expiresOn, text: jwt(WRONG, expiresOn, 0) };
      this.#issue(record.issued);
    }
    return { token: record.issued.text, expiresOnTimestamp: record.issued.expiresOn };
  }

  #issue(token: Issued): void {
    this.issued.set(token.text, { ...token, shows: "unknown" });
  }

  /** A sleep that nothing ends early. */
  async sleep(ms: number): Promise<void> {
    if (ms === Infinity) await new Promise<never>(() => undefined);
    this.sleeps++;
    await this.#clock.sleep(ms);
    this.sleeps--;
  }
}

/** JavaScript credentials fail in any way there is. */
function refuse({ status, body, retryAfterMs }: Answer): never {
  if (status === 410) return null as never;
  if (status === 404) throw body as unknown as Error;
  const cause = Object.assign(new Error(`inner: ${body}`), {
    request: { body },
    response: { bodyAsText: body },
  });
  const error = new Error(`failed: ${body}`, { cause });
  if (status === 500) throw new AggregateError([error, cause], `all failed: ${body}`);
  throw Object.assign(error, {
    name: "CredentialUnavailableError",
    statusCode: status,
    retryAfterMs,
    response: cause,
  });
}

/** A gate of the application's own, with all the faults that such gates have. */
function strangeGate(
  clock: ManualClock,
  schedule: WrappedSchedule,
  sleep: (ms: number) => Promise<void>,
): Gate {
  const seen = (closed?: { readonly permanent: boolean }): GateObservation =>
    closed === undefined
      ? { state: "open", reason: "custom:up", observedAt: clock.now() }
      : { state: "closed", reason: "custom:down", observedAt: clock.now(), ...closed };
  const later = async (ms: number): Promise<GateObservation> => {
    await sleep(ms);
    return seen();
  };
  const answers: Readonly<Record<Health, () => Promise<GateObservation> | GateObservation>> = {
    active: () => seen(),
    slow: async () => await later(900),
    late: async () => await later(2_500),
    "not-active": () => seen({ permanent: false }),
    "another-status": () => seen({ permanent: true }),
    "another-word": () => ({ state: "opened" }) as unknown as GateObservation,
    refused: () => {
      throw new Error(`down: {"access_token":"${jwt(WRONG, clock.now(), 0)}"}`);
    },
    hangs: async () => await new Promise<never>(() => undefined),
  };
  return {
    name: "strange",
    check: async () => await answers[phaseAt(schedule.phases, clock.elapsed()).health](),
  };
}

/** A process that guards a credential of somebody else. */
export function wrappedWorld(schedule: WrappedSchedule): World {
  const clock = fastClock();
  const credential = new StrangeCredential(clock, schedule);
  const gate = strangeGate(clock, schedule, async (ms) => await credential.sleep(ms));
  const unused = (): never => {
    throw new Error("A wrapped credential sends its own requests.");
  };
  const ports = portsOf(clock, { send: { sendRequest: unused }, probe: unused }, schedule.chances);
  return {
    clock,
    ports,
    plane: credential,
    resources: SCOPES,
    moment: () => credential.moment(),
    create: (instance) => {
      const given = { ...guardOptions(schedule, instance), gate: schedule.gated ? gate : ("none" as const) };
      const options = resolveOptions(given, {}, { gate: "none", expect: "none" });
      return { credential: createGuard(credential, options, ports), options };
    },
    ownSleeps: () => credential.sleeps,
  };
}
