import { untilAborted } from "../abort.js";
import { systemClock } from "../clock.js";
import type { EnvironmentValues } from "../config/environment.js";
import { NodeSimulator } from "../testing/node-simulator.js";
import { SERVICES, type DemoEvent } from "./demo-events.js";
import { serviceEnvironment } from "./demo-environment.js";
import { colored, uncolored } from "./demo-paint.js";
import { ServiceError, startService, type ServiceProcess } from "./demo-processes.js";
import { watchRequests } from "./demo-requests.js";
import { DEMO_NODE, DEMO_SCRIPT, playScript } from "./demo-script.js";
import { verdictLines } from "./demo-table.js";
import { Timeline, timelineHead } from "./demo-timeline.js";
import { demoVerdict, isSettled } from "./demo-verdict.js";

/** What the command needs of its surroundings. */
export interface DemoIo {
  /** Data and the timeline, one line. */
  out(line: string): void;
  /** Words about what went wrong. */
  say(text: string): void;
  /** Events as lines of JSON, the verdict last; else a timeline. */
  readonly json: boolean;
  readonly color: boolean;
  readonly environment: EnvironmentValues;
  /** The built worker, beside the entry. */
  readonly worker: string;
  /** Aborts when the process is told to end. */
  readonly signal: AbortSignal;
}

/** After the last step, the longest wait for answers, and for one more round of requests. */
const ANSWERS_MS = 6_000;
const LAST_ROUND_MS = 1_000;
const LOOK_MS = 100;

/** Runs the demo and resolves with its exit code; with 1 when `io.signal` aborts. */
export async function runDemo(io: DemoIo): Promise<number> {
  const paint = io.color ? colored : uncolored;
  const timeline = new Timeline(paint);
  const events: DemoEvent[] = [];
  const report = (event: DemoEvent): void => {
    events.push(event);
    const lines = io.json ? [JSON.stringify(event)] : timeline.lines(event);
    for (const line of lines) io.out(line);
  };
  if (!io.json) for (const line of timelineHead(paint)) io.out(line);
  try {
    await playDemo(io, events, report);
  } catch (error) {
    if (io.signal.aborted) return 1;
    if (!(error instanceof ServiceError)) throw error;
    io.say(error.message);
    return 1;
  }
  const verdict = demoVerdict(events);
  if (io.json) io.out(JSON.stringify({ type: "verdict", ...verdict }));
  else for (const line of verdictLines(events, verdict, paint)) io.out(line);
  return verdict.exitCode;
}

/** One run, from the start of the node to its end; leaves nothing behind, however it ends. */
async function playDemo(
  io: DemoIo,
  events: readonly DemoEvent[],
  report: (event: DemoEvent) => void,
): Promise<void> {
  const { signal } = io;
  const clock = systemClock;
  await using node = await NodeSimulator.start(DEMO_NODE);
  void watchRequests(node, report);
  const services: ServiceProcess[] = [];
  try {
    const environment = serviceEnvironment(io.environment, {
      ...node.environment,
      AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: node.identity.objectId,
    });
    for (const who of SERVICES) {
      services.push(startService(who, { worker: io.worker, environment }, { clock, report }));
    }
    await untilAborted(Promise.all(services.map(async ({ ready }) => await ready)), signal);
    const { identity: pod } = node;
    const own = node.imds.systemAssigned ?? pod;
    report({
      who: "node",
      type: "start",
      at: clock.now(),
      pod: { name: pod.name, objectId: pod.objectId },
      node: { name: own.name, objectId: own.objectId },
    });
    const ask = (resource: string): void => services.forEach((service) => service.ask(resource));
    await playScript(DEMO_SCRIPT, { node, ask }, { clock, signal, report });
    const deadline = clock.elapsed() + ANSWERS_MS;
    while (!isSettled(events) && clock.elapsed() < deadline) {
      await clock.sleep(LOOK_MS, signal, { keepAlive: true });
    }
    await clock.sleep(LAST_ROUND_MS, signal, { keepAlive: true });
  } finally {
    await Promise.all(services.map(async (service) => await service.stop()));
  }
}
