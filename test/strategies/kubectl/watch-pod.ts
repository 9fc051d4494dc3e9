import type { ContainerEvent } from "../timeline.js";
import { ClusterError, whyNotStarted } from "./await-cluster.js";
import type { Kubectl } from "./kubectl.js";
import type { EventJson, PodJson } from "./kubernetes-types.js";
import { lastingLines, type Reading } from "./lasting-lines.js";
import { LogLines } from "./log-lines.js";
import { createEventReader, createPodReader, tokenEventOf, type Happening } from "./pod-events.js";

interface FollowedLog {
  readonly lines: LogLines;
  /** Restart count of the container that is, or will be, read last. */
  readonly last: number;
  readonly read: Promise<void>;
}

/**
 * Tells what becomes of a pod until `signal` is aborted: its states, its failed probes, and the tokens that its containers
 * say they got.
 *
 * @throws ClusterError where the pod cannot run, and where a watch or a log cannot be had any more.
 */
export async function watchPod(
  kubectl: Kubectl,
  { path, uid }: { readonly path: string; readonly uid: string },
  tell: (happening: Happening) => void,
  signal: AbortSignal,
): Promise<void> {
  const [collection = "", name = ""] = path.split(/\/(?=[^/]+$)/u);
  const failed = new AbortController();
  const until = AbortSignal.any([signal, failed.signal]);
  const now = new Map<string, ContainerEvent>();
  const logs = new Map<string, FollowedLog>();
  const readPod = createPodReader();
  const readEvent = createEventReader();

  const onPod = (pod: PodJson): void => {
    const trouble = whyNotStarted(pod);
    if (trouble !== undefined) throw new ClusterError(`The pod cannot run: ${trouble}`);
    for (const happening of readPod(pod)) {
      tell(happening);
      if (happening.kind !== "container" || happening.init) continue;
      const { container, state, restartCount } = happening;
      now.set(container, happening);
      const log = logs.get(container) ?? { lines: new LogLines(), last: -1, read: Promise.resolve() };
      if (state === "waiting" || restartCount <= log.last) continue;
      // One after the other: between its end and the next one's start there may be lines that are not read yet.
      const read = log.read.then(async () => await followLog(container, restartCount, log.lines));
      logs.set(container, {
        ...log,
        last: restartCount,
        read: read.catch((error: unknown) => failed.abort(error)),
      });
    }
  };
  const followLog = async (container: string, restartCount: number, lines: LogLines): Promise<void> => {
    let textOf = lines.reader();
    const next = (brokeOff: boolean): Reading | undefined => {
      const { state, restartCount: current } = now.get(container) ?? { state: "waiting", restartCount };
      const log = `${path}/log?container=${encodeURIComponent(container)}&${lines.since}`;
      textOf = lines.reader();
      if (current === restartCount) return { path: `${log}&follow=true`, last: state !== "running" };
      return brokeOff ? { path: `${log}&previous=true`, last: true } : undefined;
    };
    for await (const line of lastingLines(kubectl, `The log of ${container}`, next, until)) {
      const text = textOf(line);
      const happening = text === undefined ? undefined : tokenEventOf(text);
      if (happening !== undefined) tell(happening);
    }
  };

  const byName = encodeURIComponent(`metadata.name=${name}`);
  // Not by its name: events outlive pods, and the pod of the cell before had the same.
  const ofPod = encodeURIComponent(`involvedObject.uid=${uid}`);
  const events = collection.replace(/\/pods$/u, "/events");
  const watch = async (of: string, from: string, seen: (object: unknown) => void): Promise<void> => {
    // An API server ends every watch after a while; each new one begins with what is there.
    const reading = { path: from, last: false };
    for await (const line of lastingLines(kubectl, `The watch on ${of}`, () => reading, until)) {
      const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: unknown };
      if (type === "ADDED" || type === "MODIFIED") seen(object);
    }
  };
  await Promise.all([
    watch("the pod", `${collection}?watch=true&fieldSelector=${byName}`, (each) => onPod(each as PodJson)),
    watch("its events", `${events}?watch=true&fieldSelector=${ofPod}`, (each) =>
      readEvent(each as EventJson).forEach(tell),
    ),
  ]);
  await Promise.all([...logs.values()].map(async ({ read }) => await read));
  failed.signal.throwIfAborted();
}
