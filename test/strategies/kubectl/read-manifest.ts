import { parseAllDocuments } from "yaml";
import type { Cell } from "../cluster.js";
import { RefusedError } from "./choose-node.js";

export interface Placement {
  readonly namespace: string;
  /** Value of the node's label `kubernetes.io/hostname`. */
  readonly hostname: string;
  /** In place of the images of the manifest. */
  readonly images: { readonly application: string; readonly commandLine: string };
  /** `Never` where they are on the node already: a registry's login may need the metadata service, which is hidden there. */
  readonly imagePullPolicy: "Never" | "IfNotPresent";
  /** Values for variables that the manifest's containers have. */
  readonly environment: Readonly<Record<string, string>>;
  /** What runs in containers named `app` that leave it to their image, by strategy. */
  readonly applications: Readonly<Record<string, readonly string[]>>;
  /** Whose tokens are right, where that is not the identity of the manifest. */
  readonly objectId?: { readonly inManifest: string; readonly inCluster: string } | undefined;
  /** Value of the identity label, where the cluster's own differs from the manifest's. */
  readonly binding?: string | undefined;
}

export interface PlacedObject {
  readonly kind: string;
  readonly name: string;
  /** Where it is created. */
  readonly collection: string;
  readonly body: object;
}

/** The label by which AAD Pod Identity finds the pods of an AzureIdentityBinding. */
export const IDENTITY_LABEL = "aadpodidbinding";

/** The application's container, in every manifest. */
const APPLICATION = "app";

/** What runs in init containers and sidecars; an application that has it in its probes needs it in its own image. */
const COMMAND_LINE = "azure-identity-guard";

/** Collections by kind. What is not here is not created. */
const COLLECTIONS: Readonly<Record<string, (namespace: string) => string>> = {
  Pod: (namespace) => `/api/v1/namespaces/${namespace}/pods`,
  ServiceAccount: (namespace) => `/api/v1/namespaces/${namespace}/serviceaccounts`,
  ConfigMap: (namespace) => `/api/v1/namespaces/${namespace}/configmaps`,
  NetworkPolicy: (namespace) => `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`,
};

/** The identity itself is the simulated MIC's matter, or has been there all along. */
const LEFT_OUT = ["AzureIdentity", "AzureIdentityBinding", "Namespace"];

interface Document {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** The same for one cell. */
interface OnePlacement extends Placement {
  readonly labelled: boolean;
  readonly command: readonly string[] | undefined;
}

interface Container {
  readonly name?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

/**
 * The objects of a shipped manifest as they go to a cluster, the pod last: in the test's namespace, on the one node that is
 * touched, with the images that the cluster can pull.
 *
 * @throws RefusedError for a kind that this runner does not know, and where there is not exactly one pod.
 */
export function placeManifest(
  { manifest, strategy, labelled }: Pick<Cell, "manifest" | "strategy" | "labelled">,
  placement: Placement,
): readonly PlacedObject[] {
  const { inManifest, inCluster } = placement.objectId ?? { inManifest: "", inCluster: "" };
  const text = inManifest === "" ? manifest : manifest.replaceAll(inManifest, inCluster);
  const one = { ...placement, labelled, command: placement.applications[strategy] };
  const placed = documentsOf(text)
    .filter(({ kind = "" }) => !LEFT_OUT.includes(kind))
    .map((document) => place(document, one));
  const isPod = ({ kind }: PlacedObject): boolean => kind === "Pod";
  const pods = placed.filter(isPod);
  if (pods.length !== 1) throw new RefusedError(`The manifest has ${pods.length} pods; one is expected`);
  return [...placed.filter((object) => !isPod(object)), ...pods];
}

/** Whether MIC gives an identity to the pod of a cell. */
export function isLabelled({ manifest, labelled }: Pick<Cell, "manifest" | "labelled">): boolean {
  const pod = documentsOf(manifest).find(({ kind }) => kind === "Pod");
  return labelled && pod?.metadata?.labels?.[IDENTITY_LABEL] !== undefined;
}

function documentsOf(manifest: string): readonly Document[] {
  return parseAllDocuments(manifest).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new RefusedError(`The manifest is no YAML: ${error.message}`);
    return (document.toJS() as Document | null) ?? [];
  });
}

function place(document: Document, placement: OnePlacement): PlacedObject {
  const { kind = "", metadata = {}, spec = {} } = document;
  const collection = COLLECTIONS[kind];
  if (collection === undefined) {
    throw new RefusedError(`The manifest has a "${kind}"; known are ${Object.keys(COLLECTIONS).join(", ")}`);
  }
  const { namespace } = placement;
  const own = { ...metadata, namespace };
  const body =
    kind === "Pod"
      ? {
          ...document,
          metadata: { ...own, labels: labelsOf(metadata.labels, placement) },
          spec: placeSpec(spec, placement),
        }
      : { ...document, metadata: own };
  return { kind, name: metadata.name ?? "", collection: collection(namespace), body };
}

function labelsOf(
  labels: Readonly<Record<string, string>> = {},
  { labelled, binding }: OnePlacement,
): object {
  const { [IDENTITY_LABEL]: identity, ...others } = labels;
  return labelled && identity !== undefined ? { ...others, [IDENTITY_LABEL]: binding ?? identity } : others;
}

function placeSpec(spec: Readonly<Record<string, unknown>>, placement: OnePlacement): object {
  const {
    nodeSelector = {},
    initContainers = [],
    containers = [],
  } = spec as {
    readonly nodeSelector?: object;
    readonly initContainers?: readonly Container[];
    readonly containers?: readonly Container[];
  };
  return {
    ...spec,
    nodeSelector: { ...nodeSelector, "kubernetes.io/hostname": placement.hostname },
    initContainers: initContainers.map((container) => placeContainer(container, placement)),
    containers: containers.map((container) => placeContainer(container, placement)),
  };
}

function placeContainer(container: Container, placement: OnePlacement): object {
  const { images, imagePullPolicy, environment, objectId, command } = placement;
  const { name, env = [] } = container;
  const isApplication = name === APPLICATION;
  const ofImage = isApplication && container.command === undefined && container.args === undefined;
  // The test's application knows the simulated identity by itself.
  const expected =
    isApplication && objectId !== undefined ? [{ name: "EXPECTED", value: objectId.inCluster }] : [];
  return {
    ...container,
    ...(ofImage && command !== undefined ? { command } : {}),
    image: container.command?.[0] === COMMAND_LINE ? images.commandLine : images.application,
    imagePullPolicy,
    env: [
      ...env.map((variable) => {
        const value = environment[variable.name];
        return value === undefined ? variable : { name: variable.name, value };
      }),
      ...expected,
    ],
  };
}
