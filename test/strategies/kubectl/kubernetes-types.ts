/** Of the Kubernetes API's objects, what is read here. The server has checked them; what may be absent is optional. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface PodJson {
  readonly metadata: ObjectMeta;
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly initContainerStatuses?: readonly ContainerStatusJson[];
    readonly containerStatuses?: readonly ContainerStatusJson[];
  };
}

export interface ContainerStatusJson {
  readonly name: string;
  readonly restartCount: number;
  readonly state?: ContainerStateJson;
  readonly lastState?: ContainerStateJson;
}

export interface ContainerStateJson {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: object;
  readonly terminated?: { readonly exitCode: number; readonly reason?: string; readonly message?: string };
}

export interface EventJson {
  readonly metadata: ObjectMeta;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly involvedObject?: { readonly fieldPath?: string };
}

export interface NodeJson {
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly providerID?: string;
    readonly unschedulable?: boolean;
    readonly taints?: readonly { readonly key: string; readonly effect: string }[];
  };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly nodeInfo?: { readonly kubeletVersion: string };
  };
}

/** Of a DaemonSet, what is changed and put back; all else goes through unseen. */
export interface DaemonSetJson {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly updateStrategy?: object;
    readonly template: {
      readonly spec: { readonly affinity?: AffinityJson } & Readonly<Record<string, unknown>>;
    };
  } & Readonly<Record<string, unknown>>;
}

/** What a pod of it needs of a node. */
export const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";

export interface AffinityJson {
  readonly nodeAffinity?: { readonly [REQUIRED]?: { readonly nodeSelectorTerms: readonly TermJson[] } };
}

export interface TermJson {
  readonly matchFields?: readonly object[];
}

export interface ListJson<T> {
  readonly items: readonly T[];
}

export function isReady(object: PodJson | NodeJson): boolean {
  return (
    object.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true
  );
}
