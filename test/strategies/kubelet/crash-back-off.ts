const FIRST_MS = 10_000;
const LARGEST_MS = 300_000;
const RESET_MS = 600_000;

/**
 * How long a container that ended waits to be started again: not at all the first time, then 10 s, 20 s, 40 s ... up to
 * 300 s, and from the beginning after 10 min without an end.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
 *
 * The kubelet itself waits less for what it kills for a probe: it looks at the end before that kill (`doBackOff` of
 * pkg/kubelet/kuberuntime/kuberuntime_manager.go has the pod's status from before). So the first kill does not count, and where
 * the end before is longer ago than the current wait the container is started again at once (`IsInBackOffSince` of
 * client-go/util/flowcontrol/backoff.go).
 */
export class CrashBackOff {
  #next = 0;

  /** The wait after a run of `ranMs` milliseconds. */
  after(ranMs: number): number {
    const wait = ranMs >= RESET_MS ? 0 : this.#next;
    this.#next = wait === 0 ? FIRST_MS : Math.min(LARGEST_MS, wait * 2);
    return wait;
  }
}
