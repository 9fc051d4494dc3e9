import { isReady } from "./kubernetes-types.js";
import type { NodeJson, PodJson } from "./kubernetes-types.js";

/** The run cannot begin, for a reason that the user can do something about. */
export class RefusedError extends Error {}

export interface NodeWishes {
  readonly name?: string | undefined;
  readonly realNmi: boolean;
  readonly shadowMetadata: boolean;
}

/** Clouds whose nodes have a metadata service at 169.254.169.254, by the scheme of `spec.providerID`. */
const CLOUDS = ["azure", "aws", "gce", "openstack", "digitalocean", "oci", "alicloud", "ibm", "hcloud"];

/**
 * The one node that is touched: the one of that name, or the first that takes pods of any kind.
 *
 * @throws RefusedError where there is none, or where the simulated node would get in somebody's way there.
 */
export function chooseNode(nodes: readonly NodeJson[], wishes: NodeWishes): NodeJson {
  const whyNot = (node: NodeJson): string | undefined =>
    unfit(node) ?? (wishes.realNmi ? undefined : tooOld(node));
  const suitable = nodes.filter((node) => whyNot(node) === undefined);
  const node =
    wishes.name === undefined ? suitable[0] : nodes.find((each) => each.metadata.name === wishes.name);
  if (node === undefined) {
    const reasons = nodes
      .map((each) => `${each.metadata.name}: ${whyNot(each) ?? "could be taken"}`)
      .join("; ");
    throw new RefusedError(
      `There is no node${wishes.name === undefined ? " to take" : ` "${wishes.name}"`} (${reasons})`,
    );
  }
  const reason = whyNot(node);
  if (reason !== undefined)
    throw new RefusedError(`The node ${node.metadata.name} cannot be taken: ${reason}`);
  const cloud = cloudOf(node);
  if (cloud !== undefined && !wishes.realNmi && !wishes.shadowMetadata) {
    throw new RefusedError(
      `The node ${node.metadata.name} is one of a cloud (${cloud}://): while the test runs, 169.254.169.254 would be the ` +
        `simulator's there, for all pods of the node and for the node itself. Choose a node that may lose its metadata ` +
        `service meanwhile and give --shadow-metadata, or test the real NMI with --real-nmi.`,
    );
  }
  return node;
}

/** The cloud that a node belongs to, as far as it says so. Local clusters have no such ID, or `kind://`, `k3s://` ... */
export function cloudOf({ spec }: NodeJson): string | undefined {
  const scheme = spec?.providerID?.split("://")[0];
  return CLOUDS.find((cloud) => cloud === scheme);
}

function unfit(node: NodeJson): string | undefined {
  const { metadata, spec } = node;
  if (spec?.unschedulable === true) return "it is cordoned";
  if (!isReady(node)) return "it is not ready";
  const taint = spec?.taints?.find(({ effect }) => effect === "NoSchedule" || effect === "NoExecute");
  if (taint !== undefined) return `it has the taint ${taint.key}`;
  if (metadata.labels?.["kubernetes.io/hostname"] === undefined)
    return "it has no label kubernetes.io/hostname";
  const system = metadata.labels["kubernetes.io/os"] ?? "linux";
  return system === "linux" ? undefined : `it runs ${system}`;
}

/** The simulated node needs a sidecar, to an older kubelet an init container that never ends. API servers are not older. */
function tooOld({ status }: NodeJson): string | undefined {
  const version = status?.nodeInfo?.kubeletVersion ?? "";
  const minor = /^v1\.(\d+)\./u.exec(version)?.[1];
  return minor === undefined || Number(minor) >= 29
    ? undefined
    : `it has Kubernetes ${version}, and the simulated node needs 1.29 (--real-nmi does not)`;
}

/** Pods of NMI, by the labels of its Helm chart and of its deployment files. */
export function isNmi({ metadata }: Pick<PodJson, "metadata">): boolean {
  const { labels = {} } = metadata;
  return labels["app.kubernetes.io/component"] === "nmi" || labels["component"] === "nmi";
}
