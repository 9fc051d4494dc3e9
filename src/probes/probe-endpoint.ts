import { systemClock, type Clock } from "../clock.js";
import type { ProbeName } from "../health/health-report.js";
import { ApplicationCheck, type CheckResult } from "./application-check.js";
import { METRICS_CONTENT_TYPE, metricsText } from "./metrics.js";
import { formatFor, TEXT } from "./probe-format.js";
import { ProbeLog } from "./probe-log.js";
import { resolveProbeOptions, type ProbeOptions } from "./probe-options.js";
import { probeReport, type ProbeReport } from "./probe-report.js";
import { subjectOf, type ProbeSubject, type ProbeTarget } from "./target.js";

/** A request, as far as probes look at it. */
export interface ProbeRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly accept: string | undefined;
}

export interface ProbeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Which path is which probe, without the prefix. */
export const PROBES: ReadonlyMap<string, ProbeName> = new Map([
  ["/startupz", "startup"],
  ["/readyz", "ready"],
  ["/healthz", "ready"],
  ["/livez", "live"],
]);
const METRICS = "/metrics";

/** The paths that are served, without the prefix. */
export const PROBE_PATHS: readonly string[] = Object.freeze([...PROBES.keys(), METRICS]);

/** Answers probes and metrics; what a request came in, and what the answer goes out by, is for the handlers to know. */
export class ProbeEndpoint {
  readonly subject: ProbeSubject;
  readonly log: ProbeLog = new ProbeLog();
  readonly #prefix: string;
  readonly #details: boolean;
  readonly #checks: readonly ApplicationCheck[];
  readonly #clock: Clock;

  constructor(
    target: ProbeTarget | readonly ProbeTarget[] | undefined,
    options: ProbeOptions | undefined,
    clock: Clock = systemClock,
  ) {
    const { prefix, checks, details } = resolveProbeOptions(options);
    this.subject = subjectOf(target);
    this.#prefix = prefix;
    this.#details = details;
    this.#checks = checks.map((check) => new ApplicationCheck(check, clock));
    this.#clock = clock;
  }

  /** The answer, or `undefined` where the path is not one of ours. At once, unless checks of the application take time. */
  respond(request: ProbeRequest): ProbeResponse | Promise<ProbeResponse> | undefined {
    const { url } = request;
    const mark = url.indexOf("?");
    const path = this.#pathOf(mark === -1 ? url : url.slice(0, mark));
    const probe = path === undefined ? undefined : PROBES.get(path);
    if (path === undefined || (probe === undefined && path !== METRICS)) return undefined;
    if (request.method !== "GET" && request.method !== "HEAD") {
      return answer(405, "text/plain; charset=utf-8", "only GET and HEAD\n", { allow: "GET, HEAD" });
    }
    if (probe === undefined) return answer(200, METRICS_CONTENT_TYPE, metricsText(this.subject.snapshots()));
    const query = mark === -1 ? undefined : new URLSearchParams(url.slice(mark + 1));
    return this.#probe(probe, path.slice(1), query, request.accept);
  }

  #pathOf(path: string): string | undefined {
    if (this.#prefix === "") return path;
    return path.startsWith(this.#prefix) ? path.slice(this.#prefix.length) : undefined;
  }

  /** What a probe finds, for adapters that write answers of their own. At once, unless checks take time. */
  report(probe: ProbeName, exclude: readonly string[] = []): ProbeReport | Promise<ProbeReport> {
    const checks = this.#takes(probe);
    if (checks.length === 0) return this.#report(probe, [], exclude);
    const leftOut = ({ name }: ApplicationCheck): CheckResult | undefined =>
      exclude.includes(name) ? { name, passed: true, reason: "excluded" } : undefined;
    // Liveness never waits: it takes the last result while the next run goes on.
    if (probe === "live") {
      const results = checks.map((check) => leftOut(check) ?? check.lastResult());
      return this.#report(probe, results, exclude);
    }
    return Promise.all(checks.map(async (check) => leftOut(check) ?? (await check.result()))).then(
      (results) => this.#report(probe, results, exclude),
    );
  }

  /** The application's own checks that take part in a probe. */
  #takes(probe: ProbeName): readonly ApplicationCheck[] {
    return this.#checks.length === 0
      ? this.#checks
      : this.#checks.filter(({ probes }) => probes.includes(probe));
  }

  #probe(
    probe: ProbeName,
    endpoint: string,
    query: URLSearchParams | undefined,
    accept: string | undefined,
  ): ProbeResponse | Promise<ProbeResponse> {
    const format = formatFor(accept);
    // The question that is asked all the time, without a report that nobody would see.
    if (
      query === undefined &&
      format.isBrief &&
      this.#takes(probe).length === 0 &&
      this.subject.passes(probe)
    ) {
      this.log.add(probe, true, this.#clock.now());
      return OK;
    }
    const verbose = query?.has("verbose") ?? false;
    const write = (report: ProbeReport): ProbeResponse => {
      if (report.passed && !verbose && format.isBrief) return OK;
      const body = format.write(report, { endpoint, verbose, now: this.#clock.now() });
      return answer(report.passed ? 200 : 503, format.contentType, body);
    };
    const found = this.report(probe, query?.getAll("exclude"));
    return found instanceof Promise ? found.then(write) : write(found);
  }

  #report(probe: ProbeName, results: readonly CheckResult[], exclude: readonly string[]): ProbeReport {
    const report = probeReport({
      probe,
      snapshots: this.subject.snapshots(),
      drained: this.subject.isDrained(),
      awaited: this.subject.isAwaited(),
      checks: this.#details ? results : results.map(({ detail: _, ...result }) => result),
      exclude,
    });
    this.log.add(probe, report.passed, this.#clock.now());
    return report;
  }
}

export function answer(
  status: number,
  contentType: string,
  body: string,
  more: Readonly<Record<string, string>> = {},
): ProbeResponse {
  const length = String(Buffer.byteLength(body));
  // A cached answer would tell of another time.
  const fresh = { "content-type": contentType, "content-length": length, "cache-control": "no-store" };
  const headers = { ...fresh, ...more };
  return { status, headers, body };
}

const OK: ProbeResponse = Object.freeze(answer(200, TEXT.contentType, "ok"));
