import type { ProbeName } from "../health/health-report.js";
import type { ProbeLine, ProbeReport } from "./probe-report.js";

/** How a report is written. */
export interface ProbeFormat {
  readonly contentType: string;
  /** Whether a probe that passes says no more than that, unless asked. */
  readonly isBrief: boolean;
  write(report: ProbeReport, context: FormatContext): string;
}

export interface FormatContext {
  /** The last part of the path asked for, such as `readyz`. */
  readonly endpoint: string;
  readonly verbose: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/**
 * The text of Kubernetes' own endpoints: `ok`, or with `?verbose`, and whenever it fails, one line for each check
 * (kubernetes.io, Kubernetes API health endpoints).
 */
export const TEXT: ProbeFormat = {
  contentType: "text/plain; charset=utf-8",
  isBrief: true,
  write(report, { endpoint, verbose }) {
    if (report.passed && !verbose) return "ok";
    const warnings = report.unmatched.map(
      (name) => `warn: nothing to exclude is called ${oneLine(name, 100)}`,
    );
    const result = `${endpoint} check ${report.passed ? "passed" : "failed"}`;
    return [...report.lines.map(textLine), ...warnings, result, ""].join("\n");
  },
};

function textLine(line: ProbeLine): string {
  return `${line.passed || line.excluded ? "[+]" : "[-]"}${line.name} ${verdictOf(line)}`;
}

/** What every line says, by its name, in the words of the text: for adapters that have a format of their own. */
export function verdictsOf({ lines }: ProbeReport): Readonly<Record<string, string>> {
  return Object.fromEntries(lines.map((line) => [line.name, verdictOf(line)]));
}

function verdictOf({ passed, excluded, reason, detail }: ProbeLine): string {
  if (excluded) return "excluded: ok";
  if (passed) return "ok";
  return `failed: ${oneLine(reason, 100)}${detail === undefined ? "" : `: ${oneLine(detail, 600)}`}`;
}

const TITLES: Readonly<Record<ProbeName, string>> = {
  startup: "whether the start is over",
  ready: "whether work may come in",
  live: "whether a restart is not needed",
};

/** The structure of draft-inadarei-api-health-check-06, `application/health+json`. */
const JSON_FORMAT: ProbeFormat = {
  contentType: "application/health+json",
  isBrief: false,
  write({ probe, passed, warned, lines, unmatched }, { now }) {
    const checks = new Map<string, object[]>();
    for (const { kind, credential, ...line } of lines) {
      const entries = checks.get(kind) ?? [];
      checks.set(kind, entries);
      entries.push({
        ...(credential === undefined
          ? { componentType: "component" }
          : { componentId: credential, componentType: "system" }),
        observedValue: oneLine(line.reason, 100),
        status: line.passed ? "pass" : line.excluded ? "warn" : "fail",
        time: new Date(now).toISOString(),
        ...(line.detail === undefined || line.passed ? {} : { output: oneLine(line.detail, 600) }),
      });
    }
    return JSON.stringify({
      status: passed ? (warned ? "warn" : "pass") : "fail",
      description: `azure-identity-guard: ${TITLES[probe]}`,
      checks: Object.fromEntries(checks),
      ...(unmatched.length === 0
        ? {}
        : { notes: unmatched.map((name) => `nothing to exclude is called ${oneLine(name, 100)}`) }),
    });
  },
};

const JSON_TYPES: ReadonlySet<string> = new Set(["application/health+json", "application/json"]);

/** JSON where the request's `Accept` names it, text for everybody else, kubelet and browsers included. */
export function formatFor(accept: string | undefined): ProbeFormat {
  if (accept === undefined || !/json/iu.test(accept)) return TEXT;
  const asked = accept.split(",").some((part) => {
    const [type = "", ...parameters] = part.split(";").map((each) => each.trim().toLowerCase());
    return JSON_TYPES.has(type) && !parameters.some((each) => /^q=0(\.0*)?$/u.test(each));
  });
  return asked ? JSON_FORMAT : TEXT;
}

/** Without line breaks and other control characters: a reason of a gate of the application's own may hold anything. */
function oneLine(text: string, most: number): string {
  const plain = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
  return plain.length > most ? `${plain.slice(0, most)}…` : plain;
}
