import type { HealthSnapshot } from "../health/health-snapshot.js";
import type { HealthCheck, ProbeName } from "../health/health-report.js";
import type { CheckResult } from "./application-check.js";

/** One line of an answer. */
export interface ProbeLine {
  /** `gate`, `token` or `shutdown`, with the credential after a colon where there are several; or an application check. */
  readonly name: string;
  /** What `?exclude=` may call it as well. */
  readonly kind: string;
  readonly passed: boolean;
  /** Left out of the result by the request. */
  readonly excluded: boolean;
  /** A code; names nobody. */
  readonly reason: string;
  /** Whose it is; absent for the application's own checks. */
  readonly credential?: string;
  /** What may identify somebody: shown only where `details` is on. */
  readonly detail?: string;
}

/** What a probe answers, whatever the format. */
export interface ProbeReport {
  readonly probe: ProbeName;
  readonly passed: boolean;
  /** Passed, in an outage that readiness overlooks, or with a line that fails and was excluded. */
  readonly warned: boolean;
  readonly lines: readonly ProbeLine[];
  /** Exclusions that matched no line. */
  readonly unmatched: readonly string[];
}

/** What a report is made of. */
export interface ReportInput {
  readonly probe: ProbeName;
  readonly snapshots: readonly HealthSnapshot[];
  /** Whether everything was drained, before there was a credential that could say so. */
  readonly drained: boolean;
  /** Whether there must be a credential for the process to be ready. */
  readonly awaited: boolean;
  readonly checks: readonly CheckResult[];
  readonly exclude: readonly string[];
}

/** The answer to a probe, as it follows from health and checks. Pure. */
export function probeReport({ probe, snapshots, checks, exclude, ...process }: ReportInput): ProbeReport {
  const several = snapshots.length > 1;
  const found = snapshots.flatMap((snapshot) =>
    snapshot.checks.map((check) => healthLine(check, snapshot, probe, several)),
  );
  const own = checks.map((check): Omit<ProbeLine, "excluded"> => ({ ...check, kind: check.name }));
  const lines = [...(snapshots.length === 0 ? nobody(probe, process) : found), ...own].map(
    (line): ProbeLine => ({
      ...line,
      excluded: exclude.includes(line.name) || exclude.includes(line.kind),
    }),
  );
  const passed = lines.every((line) => line.passed || line.excluded);
  return {
    probe,
    passed,
    warned: passed && (lines.some((line) => !line.passed) || isTolerated(probe, snapshots)),
    lines,
    unmatched: exclude.filter((name) => !lines.some((line) => line.name === name || line.kind === name)),
  };
}

/** An outage that this probe overlooks. */
function isTolerated(probe: ProbeName, snapshots: readonly HealthSnapshot[]): boolean {
  return probe === "ready" && snapshots.some(({ state }) => state === "degraded");
}

/** There is no guarded credential, or not yet. */
function nobody(
  probe: ProbeName,
  { drained, awaited }: Pick<ReportInput, "drained" | "awaited">,
): readonly Omit<ProbeLine, "excluded">[] {
  const line = (name: HealthCheck["name"], passed: boolean, reason: string): Omit<ProbeLine, "excluded"> => ({
    name,
    kind: name,
    passed,
    reason,
  });
  return [
    line("gate", true, "no-credential"),
    line("token", !awaited || probe === "live", awaited ? "no-credential-yet" : "no-credential"),
    line("shutdown", !drained || probe !== "ready", drained ? "drained" : "running"),
  ];
}

function healthLine(
  { name, reason, passes }: HealthCheck,
  snapshot: HealthSnapshot,
  probe: ProbeName,
  several: boolean,
): Omit<ProbeLine, "excluded"> {
  const detail = detailOf(name, snapshot);
  return {
    name: several ? `${name}:${snapshot.name}` : name,
    kind: name,
    passed: passes[probe],
    reason,
    credential: snapshot.name,
    ...(detail === undefined || !snapshot.details ? {} : { detail }),
  };
}

function detailOf(name: HealthCheck["name"], { gate, keys }: HealthSnapshot): string | undefined {
  if (name === "gate") return gate?.detail;
  if (name !== "token") return undefined;
  const failed = keys.find(({ lastFailure }) => lastFailure !== undefined);
  return failed === undefined ? undefined : `${failed.key}: ${failed.lastFailure?.message ?? ""}`;
}
