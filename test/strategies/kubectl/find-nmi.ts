import { isNmi, RefusedError } from "./choose-node.js";
import type { DaemonSetJson } from "./kubernetes-types.js";
import { nodeLeftOut, patchCommand, putBack } from "./leave-node-out.js";

const MANAGED = "addonmanager.kubernetes.io/mode";

/** NMI, of all that there is. @throws RefusedError where there is not exactly one, or where somebody keeps it as it is. */
export function findNmi(daemonSets: readonly DaemonSetJson[]): DaemonSetJson {
  const found = daemonSets.filter(({ metadata }) => metadata.name === "nmi" || isNmi({ metadata }));
  const [nmi] = found;
  if (nmi === undefined || found.length > 1) {
    throw new RefusedError(`--real-nmi: the cluster has ${found.length} DaemonSets of NMI; one is expected`);
  }
  if (nmi.metadata.labels?.[MANAGED] === "Reconcile") {
    throw new RefusedError(
      `--real-nmi: the add-on manager would undo changes to ${nmi.metadata.namespace}/${nmi.metadata.name}`,
    );
  }
  return nmi;
}

/**
 * Where the node is left out of NMI by a run that was cut off, this one puts it back.
 *
 * @throws RefusedError where it is left out by others, or another node by a run: to put that one back is not for this run.
 */
export function checkLeftOut(nmi: DaemonSetJson, nodeName: string, context: string): void {
  const leftOut = nodeLeftOut(nmi);
  if (leftOut === undefined && putBack(nmi, nodeName) !== nmi) {
    throw new RefusedError(
      `--real-nmi: ${nodeName} is left out of NMI, and not by this test; choose another node`,
    );
  }
  if (leftOut === undefined || leftOut === nodeName) return;
  throw new RefusedError(
    `--real-nmi: a run of this test has left ${leftOut} out of NMI. If it is not under way any more, begin another one with ` +
      `--node ${leftOut}, or put it back: ${patchCommand(nmi, leftOut, context)}`,
  );
}
