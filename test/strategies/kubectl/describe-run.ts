import { cloudOf } from "./choose-node.js";
import type { Settings } from "./command-line.js";
import type { Target } from "./kubectl.js";
import type { DaemonSetJson, NodeJson } from "./kubernetes-types.js";
import { nodeLeftOut } from "./leave-node-out.js";
import { addressLabel, METADATA_ADDRESS } from "./node-address.js";
import type { CheckedCell } from "./run-cells.js";
import { CONTROL_PORT, SIMULATOR_NAME } from "./simulator-objects.js";

export interface Plan {
  readonly target: Target;
  readonly namespace: string;
  readonly node: NodeJson;
  /** The real NMI; undefined: a simulated node. */
  readonly nmi: DaemonSetJson | undefined;
  readonly cells: readonly CheckedCell[];
  readonly settings: Settings;
}

/** What a run touches, said before it does. */
export function describeRun({ target, namespace, node, nmi, cells, settings }: Plan): string {
  const { name } = node.metadata;
  const seconds = cells.reduce((sum, { lasts }) => sum + lasts, 0);
  const images = [...new Set([settings.image, settings.cliImage])].join(", ");
  const lines = [
    `Context      ${target.context}`,
    `Server       ${target.server}`,
    `Node         ${name} (no other is touched)`,
    `Namespace    ${namespace}, made for this run`,
    `Pods         ${cells.length}, one after another; images ${images}`,
    ...(nmi === undefined ? simulatorLines(name, namespace, settings) : nmiLines(nmi, name)),
    `Time         at least ${Math.ceil(seconds / 60)} min, and starting and removing each pod`,
    settings.keep
      ? "Afterwards   namespace and objects of the last cell stay (--keep)"
      : "Afterwards   all of it is removed",
  ];
  const cloud = nmi === undefined ? cloudOf(node) : undefined;
  if (cloud !== undefined) {
    lines.push(
      `WARNING      ${name} is a node of a cloud (${cloud}://): until the end of the run its real metadata service is out`,
      `             of reach, for every pod on it and for the node's own agents (--shadow-metadata).`,
    );
  }
  return lines.join("\n");
}

function simulatorLines(node: string, namespace: string, { simulatorImage, toolsImage }: Settings): string[] {
  return [
    `DaemonSet    ${SIMULATOR_NAME} in that namespace, on ${node} alone, on the host's network; image ${simulatorImage}`,
    `Address      ${METADATA_ADDRESS}/32 on the loopback interface of ${node}, labelled ${addressLabel(namespace)}, as`,
    `             root with NET_ADMIN; image ${toolsImage}`,
    `Ports        ${METADATA_ADDRESS}:80, and 8085 and ${CONTROL_PORT} of ${node}`,
  ];
}

function nmiLines(nmi: DaemonSetJson, node: string): string[] {
  const { metadata } = nmi;
  const leftOut = [
    `WARNING      ${node} is left out already, by a run that was cut off; this one puts it back. Should that one be under`,
    `             way still, end it first`,
  ];
  return [
    `DaemonSet    ${metadata.namespace}/${metadata.name}, which is the cluster's own: ${node} is left out of it where a`,
    `             scenario stops NMI (affinity and updateStrategy, put back after each cell); all pods of ${node} are`,
    `             without NMI meanwhile`,
    ...(nodeLeftOut(nmi) === node ? leftOut : []),
  ];
}

/** For what could not be removed, or was meant to stay. */
export function removalLines({ target, namespace }: Pick<Plan, "target" | "namespace">): string {
  return `kubectl --context ${target.context} delete namespace ${namespace}`;
}
