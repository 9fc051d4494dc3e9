import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Where a cell's node and pod are. */
export interface CellNetwork {
  readonly hostIP: string;
  readonly podIP: string;
  /** What plays 169.254.169.254. */
  readonly metadata: { readonly host: string; readonly port: number };
  /** What runs a program on the node and in the pod: words before its own. */
  readonly onNode: readonly string[];
  readonly inPod: readonly string[];
  /** Whether the pod's address is on its connections: else it cannot be told from others. */
  readonly toldApart: boolean;
  /** More variables for containers. */
  readonly environment: Readonly<Record<string, string>>;
  remove(): void;
}

export type NetworkKind = "namespaces" | "loopback";

const HOST_IP = "10.240.0.4";
const POD_IP = "10.240.0.30";
const METADATA = "169.254.169.254";

/** Whether this user may make network namespaces. */
export function namespacesWork(): boolean {
  if (process.getuid?.() !== 0) return false;
  const name = `aig-${self()}-try`;
  try {
    ip(`netns add ${name}`);
    ip(`netns delete ${name}`);
    return true;
  } catch {
    return false;
  }
}

/**
 * The node and the pod are network namespaces with a cable between them, and without a way to anywhere else: what the pod
 * sends to 169.254.169.254 arrives at the node, which has the address.
 */
export function namespaces(): CellNetwork {
  const [node, pod] = [`aig-${self()}-node`, `aig-${self()}-pod`];
  const remove = (): void => [node, pod].forEach(removeNamespace);
  try {
    ip(`netns add ${node}`);
    ip(`netns add ${pod}`);
    ip(
      `-n ${node}`,
      "link set lo up",
      `address add ${METADATA}/32 dev lo`,
      `link add pod type veth peer name eth0 netns ${pod}`,
      `address add ${HOST_IP}/24 dev pod`,
      "link set pod up",
    );
    ip(
      `-n ${pod}`,
      "link set lo up",
      `address add ${POD_IP}/24 dev eth0`,
      "link set eth0 up",
      `route add default via ${HOST_IP}`,
    );
  } catch (error) {
    remove();
    throw error;
  }
  return {
    hostIP: HOST_IP,
    podIP: POD_IP,
    metadata: { host: METADATA, port: 80 },
    onNode: ["nsenter", `--net=/run/netns/${node}`],
    inPod: ["nsenter", `--net=/run/netns/${pod}`],
    toldApart: true,
    environment: {},
    remove,
  };
}

/**
 * Without privileges: two addresses of 127.0.0.0/8 that follow from this process's ID. Containers are told by
 * AZURE_POD_IDENTITY_AUTHORITY_HOST where the metadata endpoint is, which a cluster has no need of, and virtual-time.cjs
 * makes servers that listen on all addresses listen on that of the pod alone.
 */
export function loopback(metadataPort: number): CellNetwork {
  const [high, low] = [1 + ((process.pid >> 7) % 254), (process.pid & 127) * 2];
  const [hostIP, podIP] = [`127.${high}.${low}.4`, `127.${high}.${low}.30`];
  return {
    hostIP,
    podIP,
    metadata: { host: hostIP, port: metadataPort },
    onNode: [],
    inPod: [],
    toldApart: false,
    environment: {
      AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://${hostIP}:${metadataPort}`,
      CELL_POD_ADDRESS: podIP,
    },
    remove: () => undefined,
  };
}

/** Removes what runs left behind that could not remove it themselves. */
export function removeStale(): void {
  for (const [name = ""] of ip("netns list").matchAll(/^aig-\d+-\d+-\w+/gmu)) {
    const [, pid = "", started] = name.split("-");
    if (startOf(Number(pid)) !== started) removeNamespace(name);
  }
}

function removeNamespace(name: string): void {
  try {
    for (const pid of ip(`netns pids ${name}`).split("\n").filter(Boolean))
      process.kill(Number(pid), "SIGKILL");
    ip(`netns delete ${name}`);
  } catch {
    // Somebody else was faster, or it was never made.
  }
}

/** Names this process, and no later one with the same ID. */
const self = (): string => `${process.pid}-${startOf(process.pid) ?? ""}`;

/** The 22nd field of /proc/PID/stat: when a process started, in clock ticks. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** One command, or the options and then commands of a batch. */
function ip(first: string, ...batch: readonly string[]): string {
  const argv = batch.length === 0 ? first.split(" ") : [...first.split(" "), "-batch", "-"];
  return execFileSync("ip", argv, {
    input: batch.join("\n"),
    encoding: "utf8",
    stdio: ["pipe", "pipe", "pipe"],
  });
}
