import type { NodeSimulator } from "../../testing/node-simulator.js";
import { DEFAULT_LIMITS } from "../../testing/rate-limit.js";

/** What the buttons act on. */
export interface PageStage {
  readonly node: NodeSimulator;
  /** Makes both services need a token that they have not asked for yet. */
  readonly needMore: () => void;
  /** Ends both services and starts them anew, with empty caches. */
  readonly restart: () => Promise<void>;
}

/** One button. */
export interface PageAction {
  /** As `POST /do/NAME` has it. */
  readonly name: string;
  readonly label: string;
  /** What happens, in one sentence. */
  readonly about: string;
  readonly group: "break" | "mend" | "services";
  readonly act: (stage: PageStage) => Promise<void> | void;
}

/** The pod of the simulated node. */
const POD = "app";
/** A start of NMI, shorter than on a real node. */
const NMI_START = { healthAfterMs: 500, activeAfterMs: 2_000 } as const;

/** Whatever is broken shows in a token that nobody has yet. */
function breaking(act: (node: NodeSimulator) => Promise<void> | void): PageAction["act"] {
  return async ({ node, needMore }) => {
    await act(node);
    needMore();
  };
}

/** Leaves the pod with its own identity alone. */
function assignOwn({ mic, identity }: NodeSimulator): void {
  const isOwn = (clientId: string): boolean => clientId === identity.clientId;
  const assigned = mic.assignments.map((each) => each.identity);
  for (const other of assigned) if (!isOwn(other.clientId)) mic.unassign(POD, other);
  if (!assigned.some(({ clientId }) => isOwn(clientId))) mic.assign(POD, identity);
}

/** Every button, in the order of the page. */
export const PAGE_ACTIONS: readonly PageAction[] = [
  {
    name: "stop-nmi",
    label: "Stop NMI",
    about: "NMI and its rule are gone at once; requests go past it, to IMDS, which knows the node only.",
    group: "break",
    act: breaking(async ({ nmi }) => await nmi.setState("down")),
  },
  {
    name: "exit-nmi",
    label: "Exit NMI gracefully",
    about: "The rule is gone at once, and NMI still says Active for 10 s.",
    group: "break",
    act: breaking(async ({ nmi }) => await nmi.exitGracefully()),
  },
  {
    name: "crash-nmi",
    label: "Kill NMI",
    about: "NMI is gone and its rule stays, so that requests are refused.",
    group: "break",
    act: breaking(async ({ nmi }) => await nmi.crash()),
  },
  {
    name: "drop-rule",
    label: "Drop the rule",
    about: "NMI runs and says Active, and requests go past it to IMDS; open connections are cut.",
    group: "break",
    act: breaking(async ({ nmi }) => await nmi.dropRule({ restoredAfterMs: Infinity })),
  },
  {
    name: "unassign-identity",
    label: "Unassign the identity",
    about: "NMI has nothing to give to this pod: it holds requests for 80 s and more, then says 404.",
    group: "break",
    act: breaking(({ mic, identity }) => mic.unassign(POD, identity)),
  },
  {
    name: "swap-identity",
    label: "Assign another identity",
    about: "NMI gives this pod the tokens of somebody else: no gate can see that, the claims show it.",
    group: "break",
    act: breaking(({ mic, identity }) => {
      mic.unassign(POD, identity);
      mic.assign(POD, { name: "other" });
    }),
  },
  {
    name: "throttle-imds",
    label: "Throttle IMDS",
    about: "IMDS answers 429 to everybody, NMI included.",
    group: "break",
    act: breaking(({ imds }) => imds.setLimits({ perSecond: 0 })),
  },
  {
    name: "start-nmi",
    label: "Start NMI",
    about: "NMI comes up, is Not Active for 1.5 s, then Active with its rule.",
    group: "mend",
    act: ({ node }) => {
      // Goes on by itself; another button cuts it short.
      void node.nmi.start(NMI_START).catch(() => undefined);
    },
  },
  {
    name: "restore-rule",
    label: "Restore the rule",
    about: "New connections go to NMI again.",
    group: "mend",
    act: async ({ node }) => await node.nmi.installRule(),
  },
  {
    name: "assign-identity",
    label: "Assign the identity",
    about: "The pod has its own identity again, and no other.",
    group: "mend",
    act: ({ node }) => assignOwn(node),
  },
  {
    name: "end-throttling",
    label: "End throttling",
    about: "IMDS answers 20 requests a second again.",
    group: "mend",
    act: ({ node }) => node.imds.setLimits(DEFAULT_LIMITS),
  },
  {
    name: "mend-all",
    label: "Mend everything",
    about: "As it was at the start.",
    group: "mend",
    act: async ({ node }) => {
      node.imds.setLimits(DEFAULT_LIMITS);
      assignOwn(node);
      await node.nmi.setState("active");
    },
  },
  {
    name: "need-more",
    label: "Need one more token",
    about: "Both services need a token for a resource that they have not asked for yet.",
    group: "services",
    act: ({ needMore }) => needMore(),
  },
  {
    name: "restart",
    label: "Restart both services",
    about: "Both start anew, with empty caches, on the node as it is now.",
    group: "services",
    act: async ({ restart }) => await restart(),
  },
];
