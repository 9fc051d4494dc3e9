import type { TokenCredential } from "@azure/core-auth";
import { systemClock } from "../clock.js";
import type { FromService, Service, ServiceEvent, ToService } from "./demo-events.js";
import { reportGuard } from "./demo-guard-events.js";
import { errorCode, serve } from "./demo-service.js";

interface Made {
  readonly credential: TokenCredential;
  close(): Promise<void>;
}

/** Loads what a service needs, and no more; the credential itself is made at the first request. */
const LOADERS: Readonly<Record<Service, (report: (event: ServiceEvent) => void) => Promise<() => Made>>> = {
  async plain() {
    const { DefaultAzureCredential } = await import("@azure/identity");
    return () => ({ credential: new DefaultAzureCredential(), close: () => Promise.resolve() });
  },
  async guarded(report) {
    const { DefaultAzureCredential } = await import("../index.js");
    return () => {
      const credential = new DefaultAzureCredential();
      reportGuard(credential.health, systemClock, report);
      return { credential, close: async () => await credential.close() };
    };
  },
};

/** Resolves when the message is with the parent, or the parent is gone. */
async function send(message: FromService): Promise<void> {
  await new Promise<void>((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, () => resolve());
  });
}

/** The guard's status page, on a free port of loopback. */
async function servePage(): Promise<string> {
  const { startProbeServer } = await import("../probes/probe-server.js");
  const { url } = await startProbeServer({ host: "127.0.0.1", port: 0, page: true });
  return url;
}

async function run(who: Service, withPage: boolean): Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const report = (event: ServiceEvent): void => {
    // What closing brings is the demo's doing, and not the credential's.
    if (!signal.aborted) void send({ kind: "event", event });
  };
  const make = await LOADERS[who](report);
  const running: Promise<void>[] = [];
  let made: Made | undefined;
  const stopped = new Promise<void>((resolve) => {
    process.on("message", (message: ToService) => {
      if (message.kind === "stop") {
        stopping.abort();
        resolve();
        return;
      }
      made ??= make();
      running.push(serve(made.credential, message.resource, { who, clock: systemClock, signal, report }));
    });
  });
  const page = withPage && who === "guarded" ? { page: await servePage() } : {};
  await send({ kind: "ready", ...page });
  await stopped;
  // An SDK call cannot be aborted; what it would still bring is of no interest.
  await made?.close();
  if (who === "guarded") await Promise.all(running);
}

// The parent ends its services; Ctrl+C reaches all of them at once, and must not look like a crash.
process.on("SIGINT", () => undefined);
// A service never outlives its parent, however that ended.
process.on("disconnect", () => process.exit(0));

const who = process.argv[2] === "plain" ? "plain" : "guarded";
// No top-level await: this file is also built as CommonJS.
void run(who, process.argv[3] === "page")
  .then(
    async () => await send({ kind: "stopped" }),
    async (error: unknown) => await send({ kind: "unusable", code: errorCode(error) }),
  )
  .finally(() => process.exit(0));
