import type {
  ConditionEvent,
  ContainerEvent,
  NodeEvent,
  ProbeEvent,
  RequestsEvent,
  TokenEvent,
} from "../timeline.js";
import { identityIn } from "../token-line.js";
import type { ContainerStateJson, ContainerStatusJson, EventJson, PodJson } from "./kubernetes-types.js";

/** A TimelineEvent that nobody has looked at the clock for. */
export type Happening = NodeEvent | ContainerEvent | ConditionEvent | ProbeEvent | TokenEvent | RequestsEvent;

const CONDITIONS = ["Initialized", "ContainersReady", "Ready"] as const;

/** Tells what changed from one state of a pod to the next that a watch shows. A state shown twice has changed nothing. */
export function createPodReader(): (pod: PodJson) => readonly Happening[] {
  const conditions = new Map<string, boolean>();
  const containers = new Map<string, ContainerEvent>();

  function conditionEvents({ status }: PodJson): ConditionEvent[] {
    return CONDITIONS.flatMap((condition) => {
      const found = status?.conditions?.find(({ type }) => type === condition);
      if (found === undefined || conditions.get(condition) === (found.status === "True")) return [];
      conditions.set(condition, found.status === "True");
      return [{ kind: "condition", condition, status: found.status === "True" } as const];
    });
  }

  function containerEvents(status: ContainerStatusJson, init: boolean): ContainerEvent[] {
    const before = containers.get(status.name);
    const events: ContainerEvent[] = [];
    // Between two looks a container may have ended and be on its way again: its end is in `lastState` alone.
    const missed = before?.state === "running" && before.restartCount < status.restartCount;
    if (missed && status.lastState?.terminated !== undefined) {
      events.push(eventOf({ ...status, restartCount: status.restartCount - 1 }, status.lastState, init));
    }
    const now = eventOf(status, status.state ?? {}, init);
    if (JSON.stringify(now) !== JSON.stringify(before)) events.push(now);
    containers.set(status.name, now);
    return events;
  }

  return (pod) => {
    const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
    return [
      ...initContainerStatuses.flatMap((status) => containerEvents(status, true)),
      ...containerStatuses.flatMap((status) => containerEvents(status, false)),
      ...conditionEvents(pod),
    ];
  };
}

/** No state at all stands for `waiting`: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodStatus */
function eventOf(status: ContainerStatusJson, state: ContainerStateJson, init: boolean): ContainerEvent {
  const { waiting, running, terminated } = state;
  const reason = terminated?.reason ?? waiting?.reason;
  return {
    kind: "container",
    container: status.name,
    init,
    state: terminated !== undefined ? "terminated" : running !== undefined ? "running" : "waiting",
    ...(reason === undefined ? {} : { reason }),
    ...(terminated === undefined ? {} : { exitCode: terminated.exitCode }),
    restartCount: status.restartCount,
  };
}

const PROBE = /^(Startup|Readiness|Liveness) probe (?:failed|errored)/u;
const PROBES = { Startup: "startup", Readiness: "readiness", Liveness: "liveness" } as const;

/**
 * Failed probes, from events with the reason `Unhealthy`. The kubelet writes one event and counts repetitions in it, and
 * leaves some out when they are many.
 */
export function createEventReader(): (event: EventJson) => readonly ProbeEvent[] {
  const counts = new Map<string, number>();
  return ({ metadata, reason, message = "", count = 1, involvedObject }) => {
    const probe = PROBE.exec(message)?.[1] as keyof typeof PROBES | undefined;
    if (reason !== "Unhealthy" || probe === undefined) return [];
    const key = metadata.uid ?? metadata.name;
    if (count <= (counts.get(key) ?? 0)) return [];
    counts.set(key, count);
    const container = /\{(.+)\}/u.exec(involvedObject?.fieldPath ?? "")?.[1] ?? "";
    return [{ kind: "probe", container, probe: PROBES[probe], success: false }];
  };
}

/** Whose token the application says it got; nothing for any other line, which is not kept either. */
export function tokenEventOf(line: string): TokenEvent | undefined {
  const identity = identityIn(line);
  return identity === undefined ? undefined : { kind: "token", identity };
}
