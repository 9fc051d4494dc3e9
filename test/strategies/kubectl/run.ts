import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import type { Clock } from "../../../src/clock.js";
import type { NodeAction } from "../scenario.js";
import { removeAndAwait } from "./await-cluster.js";
import { chooseNode, isNmi, RefusedError } from "./choose-node.js";
import { HELP, readCommandLine, UsageError, type Settings } from "./command-line.js";
import { describeRun, removalLines, type Plan } from "./describe-run.js";
import { checkLeftOut, findNmi } from "./find-nmi.js";
import type { IdentityPlane } from "./identity-plane.js";
import { errorsOf, inTurn, isOfAbort, messageOf } from "./in-turn.js";
import { KubectlCluster } from "./kubectl-cluster.js";
import { isFinal, Kubectl, type Target } from "./kubectl.js";
import type { DaemonSetJson, ListJson, NodeJson, PodJson } from "./kubernetes-types.js";
import { NAMESPACE_PREFIX } from "./node-address.js";
import { RealNmi } from "./real-nmi.js";
import {
  chooseCells,
  exitCodeOf,
  runCells,
  tableOf,
  type CellResult,
  type CheckedCell,
} from "./run-cells.js";
import { APP_IDENTITY } from "../scenarios.js";
import { SimulatedPlane } from "./simulated-plane.js";
import { namespaceObject } from "./simulator-objects.js";

/** Whose tokens the manifests and the application expect, unless told otherwise. */
const SIMULATED_OBJECT_ID = APP_IDENTITY.objectId;

/** The scenarios that begin, and stay, as a cluster should be, by whether its nodes have identities of their own. */
const IN_PLACE = { systemAssigned: "in-place-system", userAssigned: "in-place" } as const;

/** What a run needs of its surroundings. */
export interface Surroundings {
  readonly cells: readonly CheckedCell[];
  /** For kubectl: KUBECONFIG, HOME, PATH ... */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly say: (text: string) => void;
  /** Asks a person; undefined where there is none. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined;
  /** Aborted by SIGINT, SIGTERM and SIGHUP: the run cleans up, and ends. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/** The whole run. Resolves with the exit code; nothing of it is left on the cluster then, without `--keep`. */
export async function runOnCluster(argv: readonly string[], surroundings: Surroundings): Promise<0 | 1 | 2> {
  const { say, signal } = surroundings;
  try {
    const settings = readCommandLine(argv);
    if (settings === "help") {
      say(HELP);
      return 0;
    }
    const cells = chooseCells(surroundings.cells, settings);
    const { environment } = surroundings;
    const { kubectl, target } = await new Kubectl({ environment, context: settings.context }).pinned();
    const { node, nmi } = await survey(kubectl, target, settings, signal);
    const namespace = `${NAMESPACE_PREFIX}${randomBytes(4).toString("hex")}`;
    const plan: Plan = { target, namespace, node, nmi, cells, settings };
    say(describeRun(plan));
    if (!(await agreed(settings, surroundings))) return 2;
    const report = async (results: readonly CellResult[]): Promise<void> => {
      say(tableOf(results));
      if (settings.timelines !== undefined) await writeTimelines(settings.timelines, results);
    };
    return exitCodeOf(await inNamespace(kubectl, plan, surroundings, report), signal);
  } catch (error) {
    for (const each of errorsOf(error).filter((one) => !isOfAbort(one, signal)))
      say(`${messageOf(each)}${each instanceof UsageError ? "\nSee --help." : ""}`);
    return 2;
  }
}

/** Reads, and changes nothing. */
async function survey(
  kubectl: Kubectl,
  { context }: Target,
  { node: name, realNmi, shadowMetadata }: Settings,
  signal: AbortSignal,
): Promise<{ readonly node: NodeJson; readonly nmi: DaemonSetJson | undefined }> {
  const nodes = (await kubectl.get("/api/v1/nodes", signal)) as ListJson<NodeJson>;
  const node = chooseNode(nodes.items, { name, realNmi, shadowMetadata });
  if (realNmi) {
    const sets = (await kubectl.get("/apis/apps/v1/daemonsets", signal)) as ListJson<DaemonSetJson>;
    const nmi = findNmi(sets.items);
    checkLeftOut(nmi, node.metadata.name, context);
    return { node, nmi };
  }
  const onNode = encodeURIComponent(`spec.nodeName=${node.metadata.name}`);
  const pods = (await kubectl.get(`/api/v1/pods?fieldSelector=${onNode}`, signal)) as ListJson<PodJson>;
  const nmi = pods.items.find(isNmi);
  if (nmi !== undefined) {
    const pod = `${nmi.metadata.namespace ?? ""}/${nmi.metadata.name}`;
    throw new RefusedError(
      `${node.metadata.name} has NMI already (${pod}); choose another node, or --real-nmi`,
    );
  }
  return { node, nmi: undefined };
}

async function agreed({ yes }: Settings, { ask, say }: Surroundings): Promise<boolean> {
  if (yes) return true;
  if (ask === undefined) {
    say("Nothing was touched: there is no terminal to ask on; give --yes.");
    return false;
  }
  const answer = await ask("Go ahead? [y/N] ");
  if (!answer) say("Nothing was touched.");
  return answer;
}

async function inNamespace(
  kubectl: Kubectl,
  plan: Plan,
  { cells: all, signal, say, clock }: Surroundings,
  report: (results: readonly CellResult[]) => Promise<void>,
): Promise<readonly CellResult[]> {
  const { namespace, settings, cells } = plan;
  const inPlace = settings.systemAssigned ? IN_PLACE.systemAssigned : IN_PLACE.userAssigned;
  const plane = planeOf(kubectl, plan, all.find(({ scenario }) => scenario === inPlace)?.given ?? []);
  // At once: what is removed first, a pod whose image is being pulled, may take its time.
  const sayCutOff = (): void => say("Cut off; removing what was made ...");
  signal.addEventListener("abort", sayCutOff, { once: true });
  let results: readonly CellResult[] | undefined;
  // Or may be, where nobody knows what became of the request.
  let isThere = true;
  const work = async (): Promise<void> => {
    try {
      await kubectl.create("/api/v1/namespaces", namespaceObject(namespace), signal);
    } catch (error) {
      isThere = !isFinal(error);
      throw error;
    }
    const placement = {
      namespace,
      hostname: hostnameOf(plan.node),
      images: { application: settings.image, commandLine: settings.cliImage },
      // The simulated node has pulled both.
      imagePullPolicy: plan.nmi === undefined ? ("Never" as const) : ("IfNotPresent" as const),
      applications: Object.fromEntries(
        cells.map(({ strategy, application }) => [
          strategy,
          ["node", `${settings.appPath}/${application}.mjs`],
        ]),
      ),
      environment: settings.environment,
      binding: settings.binding,
      objectId:
        settings.objectId === undefined
          ? undefined
          : { inManifest: SIMULATED_OBJECT_ID, inCluster: settings.objectId },
    };
    const whyNot = (cell: CheckedCell): string | undefined =>
      plane.whyNot(cell) ?? (plan.nmi === undefined ? cell.needsAzure : undefined);
    const cluster = new KubectlCluster(kubectl, { plane, placement, keep: settings.keep, clock });
    results = await runCells(cells, {
      cluster,
      whyNot,
      say,
      verbose: settings.verbose,
      signal,
    });
  };
  const end = async (): Promise<void> => {
    signal.removeEventListener("abort", sayCutOff);
    if (!isThere) return;
    if (settings.keep) say(`Left as it is. To remove it: ${removalLines(plan)}`);
    else await removeNamespace(kubectl, plan, say);
  };
  const tell = async (): Promise<void> => {
    if (results !== undefined) await report(results);
  };
  // What took hours to find out is told whatever becomes of the rest.
  await inTurn([work, async () => await plane.restore(), tell, end]);
  return results ?? [];
}

async function removeNamespace(kubectl: Kubectl, plan: Plan, say: (text: string) => void): Promise<void> {
  try {
    await removeAndAwait(kubectl, `/api/v1/namespaces/${plan.namespace}`);
  } catch (error) {
    say(`Not all could be removed. Do it yourself: ${removalLines(plan)}`);
    throw error;
  }
}

function planeOf(
  kubectl: Kubectl,
  { target, namespace, node, nmi, settings }: Plan,
  ordinary: readonly NodeAction[],
): IdentityPlane {
  if (nmi !== undefined) {
    const { context } = target;
    return new RealNmi(kubectl, { found: nmi, nodeName: node.metadata.name, context, ordinary });
  }
  const { image, cliImage, simulatorImage, simulatorPath, toolsImage, shadowMetadata } = settings;
  const pulled = [...new Set([image, cliImage])];
  const images = { simulator: simulatorImage, simulatorPath, tools: toolsImage, pulled };
  return new SimulatedPlane(kubectl, { namespace, hostname: hostnameOf(node), shadowMetadata, images });
}

const hostnameOf = ({ metadata }: NodeJson): string =>
  metadata.labels?.["kubernetes.io/hostname"] ?? metadata.name;

async function writeTimelines(file: string, results: readonly CellResult[]): Promise<void> {
  const timelines = results.flatMap(({ timeline }) => timeline ?? []);
  await writeFile(file, `${JSON.stringify(timelines, undefined, 2)}\n`);
}
