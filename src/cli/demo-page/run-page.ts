import { untilAborted } from "../../abort.js";
import { systemClock } from "../../clock.js";
import type { EnvironmentValues } from "../../config/environment.js";
import { NodeSimulator } from "../../testing/node-simulator.js";
import type { NodeSimulatorOptions } from "../../testing/simulator-options.js";
import { serviceEnvironment } from "../demo-environment.js";
import { ServiceError, startService } from "../demo-processes.js";
import { cutOldConnections } from "./old-connections.js";
import { PAGE_ACTIONS, type PageAction, type PageStage } from "./page-actions.js";
import { PageModel } from "./page-model.js";
import { startPageServer } from "./page-server.js";
import { PageServices } from "./page-services.js";

/** What the command needs of its surroundings. */
export interface DemoPageIo {
  /** The address of the page, one line. */
  out(line: string): void;
  /** Words about what went wrong. */
  say(text: string): void;
  readonly json: boolean;
  readonly environment: EnvironmentValues;
  /** The built worker, beside the entry. */
  readonly worker: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Aborts when the process is told to end. */
  readonly signal: AbortSignal;
}

/**
 * A node on which all is well. Its own identity is a system-assigned one, as in the demo in the terminal. Where all of
 * 127.0.0.0/8 is loopback its address is none of the pod's own: else the guard would suspect the host's network.
 */
const PAGE_NODE: NodeSimulatorOptions = {
  nodeIdentities: [],
  systemAssigned: { name: "node" },
  ...(process.platform === "linux" ? { healthHost: "127.240.0.4" } : {}),
};

/** A person waits less patiently than a service: calls end after 10 s, not 80 s. */
const IMPATIENT = { AZURE_IDENTITY_GUARD_RETRY_BUDGET: "10s" } as const;

/** Serves the page until `io.signal` aborts. Resolves with the exit code: 1 where it cannot be served. */
export async function runDemoPage(io: DemoPageIo): Promise<number> {
  try {
    await servePage(io);
    return 0;
  } catch (error) {
    if (io.signal.aborted) return 1;
    const expected = error instanceof ServiceError || (error instanceof Error && "code" in error);
    if (!expected) throw error;
    io.say(`demo: ${error.message}`);
    return 1;
  }
}

async function servePage(io: DemoPageIo): Promise<void> {
  const clock = systemClock;
  await using node = await NodeSimulator.start(PAGE_NODE);
  cutOldConnections(node);
  const model = new PageModel(node, clock);
  const environment = serviceEnvironment(io.environment, {
    ...node.environment,
    ...IMPATIENT,
    AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: node.identity.objectId,
    AZURE_IDENTITY_GUARD_HEALTH_DETAILS: "true",
    AZURE_IDENTITY_GUARD_HEALTH_NAME: "demo",
  });
  const ports = { clock, report: model.report };
  const services = new PageServices(
    (who) => startService(who, { worker: io.worker, environment, page: true }, ports),
    model.servicesChanged,
  );
  const stage: PageStage = {
    node,
    needMore: () => services.needMore(),
    restart: async () => await services.restart(),
  };
  const press = (name: string): Promise<void> | undefined => {
    const action = PAGE_ACTIONS.find((each) => each.name === name);
    if (action === undefined) return undefined;
    model.pressed(action.label);
    return act(action, stage);
  };
  try {
    await using server = await startPageServer({
      port: io.port,
      clock,
      press,
      state: () => model.state(),
      guardPage: () => services.guardPage,
    });
    await untilAborted(services.restart(), io.signal);
    const { url } = server;
    io.out(
      io.json ? JSON.stringify({ type: "serving", url }) : `Open ${url} and break the node. Ctrl+C ends it.`,
    );
    await aborted(io.signal);
  } finally {
    await services.stop();
  }
}

async function act(action: PageAction, stage: PageStage): Promise<void> {
  await action.act(stage);
}

async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
