import { createHttpHeaders, type HttpClient, type PipelineResponse } from "@azure/core-rest-pipeline";
import { untilAborted } from "../../src/abort.js";
import type { HttpProbe } from "../../src/gate/route-probe.js";
import type { ManualClock } from "../../src/testing/manual-clock.js";
import { answerTo, connectionError, type Issued } from "./answers.js";
import type { Health, Phase, Route } from "./schedule.js";

/** A moment: the order of events counts where virtual time stands still. */
export interface Moment {
  readonly at: number;
  readonly order: number;
}

/** One request for a token, as the plane saw it. */
export interface TokenRequestRecord {
  readonly resource: string;
  readonly start: Moment;
  end?: Moment;
  /** Cut off by the client. */
  cut?: boolean;
  issued?: Issued;
  status?: number;
  retryAfterMs?: number;
}

/** One health request, or route probe, or question to the migration proxy, which always says that it is ready. */
export interface ProbeRecord {
  readonly kind: "health" | "route" | "ready";
  readonly start: Moment;
  end?: Moment;
  /** Whether what it saw lets the gate be open. */
  open?: boolean;
  /** IMDS itself answered. */
  imds?: boolean;
}

/** What really happened, as only tests know it. */
export interface PlaneRecord {
  readonly requests: readonly TokenRequestRecord[];
  readonly probes: readonly ProbeRecord[];
  /** Every token that was let out, also in the text of an error. */
  readonly issued: ReadonlyMap<string, Issued>;
}

type ProbeAnswer = Awaited<ReturnType<HttpProbe>>;

const HEALTH_ANSWERS: Readonly<Record<Health, { readonly answer?: ProbeAnswer; readonly afterMs?: number }>> =
  {
    active: { answer: { status: 200, server: undefined, body: "Active" } },
    slow: { answer: { status: 200, server: undefined, body: "Active" }, afterMs: 900 },
    late: { answer: { status: 200, server: undefined, body: "Active" }, afterMs: 1_400 },
    "not-active": { answer: { status: 200, server: undefined, body: "Not Active" } },
    "another-word": { answer: { status: 200, server: undefined, body: "Inactive: Active soon" } },
    "another-status": { answer: { status: 503, server: undefined, body: "Active" } },
    refused: {},
    hangs: { afterMs: Infinity },
  };

const ROUTE_SERVERS: Readonly<Record<Route, string | undefined>> = {
  nmi: undefined,
  imds: "IMDS/150.870.65.1854",
  proxy: "azure-workload-identity/proxy/v1.6.0",
  disguised: "envoy",
  refused: undefined,
  hangs: undefined,
};

/** An identity plane without sockets: it follows its phases, and keeps a record of what really happened. */
export class Plane implements PlaneRecord {
  readonly requests: TokenRequestRecord[] = [];
  readonly probes: ProbeRecord[] = [];
  readonly issued: Map<string, Issued> = new Map();
  readonly #clock: ManualClock;
  /** Called at each request; by default the phase of this moment. */
  phase: (resource: string) => Phase;
  #order = 0;

  constructor(clock: ManualClock, phases: readonly Phase[]) {
    this.#clock = clock;
    this.phase = () => phaseAt(phases, clock.elapsed());
  }

  moment(): Moment {
    return { at: this.#clock.elapsed(), order: ++this.#order };
  }

  readonly send: HttpClient = {
    sendRequest: async (request) => {
      const resource = new URL(request.url).searchParams.get("resource") ?? "";
      const phase = this.phase(resource);
      const record: TokenRequestRecord = { resource, start: this.moment() };
      this.requests.push(record);
      const signal = request.abortSignal as AbortSignal;
      const kind = { now: this.#clock.now(), serial: this.requests.length, route: phase.route };
      const answer = answerTo(phase.answer, kind, (token) => this.issued.set(token.text, token));
      try {
        await untilAborted(this.#wait(answer === "hang" ? Infinity : phase.latencyMs, signal), signal);
      } catch (error) {
        record.cut = true;
        record.end = this.moment();
        throw error;
      }
      record.end = this.moment();
      if (answer instanceof Error) throw answer;
      if (answer === "hang") throw connectionError();
      const { status, body, headers, issued, retryAfterMs } = answer;
      Object.assign(record, { status, issued, retryAfterMs });
      const response: PipelineResponse = {
        request,
        status,
        bodyAsText: body,
        headers: createHttpHeaders(headers),
      };
      return response;
    },
  };

  readonly probe: HttpProbe = async (url, { signal }) => {
    const phase = this.phase("");
    const kind = url.endsWith("/healthz") ? "health" : url.endsWith("/readyz") ? "ready" : "route";
    const record: ProbeRecord = { kind, start: this.moment() };
    this.probes.push(record);
    try {
      if (kind === "ready") return { status: 200, server: undefined, body: "ok" };
      if (kind === "route") return await this.#route(phase.route, record, signal);
      const { answer, afterMs = 0 } = HEALTH_ANSWERS[phase.health];
      await untilAborted(this.#wait(afterMs, signal), signal);
      record.open = answer?.status === 200 && answer.body === "Active";
      if (answer === undefined) throw connectionError();
      return answer;
    } finally {
      record.end = this.moment();
    }
  };

  async #route(route: Route, record: ProbeRecord, signal: AbortSignal): Promise<ProbeAnswer> {
    await untilAborted(this.#wait(route === "hangs" ? Infinity : 0, signal), signal);
    if (route === "refused") throw connectionError();
    record.open = route === "nmi" || route === "disguised";
    record.imds = route === "imds";
    return { status: 400, server: ROUTE_SERVERS[route], body: "" };
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    if (ms === Infinity) await new Promise<never>(() => undefined);
    else if (ms > 0) await this.#clock.sleep(ms, signal);
  }
}

/** The last phase goes on for ever. */
export function phaseAt(phases: readonly Phase[], elapsed: number): Phase {
  let until = 0;
  for (const phase of phases) {
    until += phase.ms;
    if (elapsed < until) return phase;
  }
  const last = phases.at(-1);
  if (last === undefined) throw new RangeError("A plane has at least one phase.");
  return last;
}
