import { setTimeout as pause } from "node:timers/promises";
import { ClusterError, whyNotStarted } from "./await-cluster.js";
import type { Kubectl } from "./kubectl.js";
import { KubectlError } from "./kubectl.js";
import type { EventJson, PodJson } from "./kubernetes-types.js";
import { createEventReader, createPodReader, tokenEventOf, type Happening } from "./pod-events.js";

/** A watch or a log that broke off is taken up again after this long. */
const AGAIN_MS = 250;

/**
 * Tells what becomes of a pod until `signal` is aborted: its states, its failed probes, and the tokens that its containers
 * say they got.
 */
export async function watchPod(
  kubectl: Kubectl,
  { path, uid }: { readonly path: string; readonly uid: string },
  tell: (happening: Happening) => void,
  signal: AbortSignal,
): Promise<void> {
  const [collection = "", name = ""] = path.split(/\/(?=[^/]+$)/u);
  const logs = new Map<string, Promise<void>>();
  const readPod = createPodReader();
  const readEvent = createEventReader();

  const onPod = (pod: PodJson): void => {
    const trouble = whyNotStarted(pod);
    if (trouble !== undefined) throw new ClusterError(`The pod cannot run: ${trouble}`);
    for (const happening of readPod(pod)) {
      tell(happening);
      if (happening.kind !== "container" || happening.state === "waiting" || happening.init) continue;
      const { container, restartCount } = happening;
      const key = `${container}/${restartCount}`;
      if (!logs.has(key)) logs.set(key, followLog(container));
    }
  };
  const followLog = async (container: string): Promise<void> => {
    const log = `${path}/log?container=${encodeURIComponent(container)}&follow=true`;
    try {
      for await (const line of kubectl.lines(log, signal)) {
        const happening = tokenEventOf(line);
        if (happening !== undefined) tell(happening);
      }
    } catch (error) {
      // The container may be gone by now, and its log with it; others have theirs.
      if (!(error instanceof KubectlError)) throw error;
    }
  };

  const byName = encodeURIComponent(`metadata.name=${name}`);
  // Not by its name: events outlive pods, and the pod of the cell before had the same.
  const ofPod = encodeURIComponent(`involvedObject.uid=${uid}`);
  const events = collection.replace(/\/pods$/u, "/events");
  await Promise.all([
    watch(
      kubectl,
      `${collection}?watch=true&fieldSelector=${byName}`,
      (each) => onPod(each as PodJson),
      signal,
    ),
    watch(
      kubectl,
      `${events}?watch=true&fieldSelector=${ofPod}`,
      (each) => readEvent(each as EventJson).forEach(tell),
      signal,
    ),
  ]);
  await Promise.all(logs.values());
}

/** An API server ends every watch after a while; each new one begins with what is there. */
async function watch(
  kubectl: Kubectl,
  path: string,
  seen: (object: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for await (const line of kubectl.lines(path, signal)) {
      const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: unknown };
      if (type === "ADDED" || type === "MODIFIED") seen(object);
    }
    await pause(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}
