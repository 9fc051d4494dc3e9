import { expect } from "vitest";
import { eventually } from "./eventually.js";
import { endWithin, startFixture, type Ended, type Running } from "./process.js";
import { secretsIn } from "./secrets.js";

const QUICK = { AZURE_IDENTITY_GUARD_POLL_INTERVAL: "1s", AZURE_IDENTITY_GUARD_LIVENESS_GRACE: "2s" };

/** A process with a guarded credential and a probe server (fixtures/probed.mjs), and what its probes answer. */
export class ProbedApplication implements AsyncDisposable {
  readonly running: Running;
  #url = "";

  private constructor(running: Running) {
    this.running = running;
  }

  static async start(environment: Readonly<Record<string, string>>): Promise<ProbedApplication> {
    const application = new ProbedApplication(
      startFixture("probed.mjs", { ...QUICK, FIXTURE_STAYS: "server", ...environment }),
    );
    await eventually(() => application.running.output().includes("\n"));
    application.#url =
      (JSON.parse(application.running.output().split("\n")[0] ?? "{}") as { url?: string }).url ?? "";
    return application;
  }

  async ask(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const answer = await fetch(this.#url + path);
    return { status: answer.status, body: await answer.text() };
  }

  async status(path: string): Promise<number> {
    return (await this.ask(path)).status;
  }

  /** Statuses of startup, readiness and liveness. */
  async probes(): Promise<string> {
    return (await Promise.all(["/startupz", "/readyz", "/livez"].map((path) => this.status(path)))).join(" ");
  }

  async becomes(probes: string): Promise<void> {
    await eventually(async () => (await this.probes()) === probes);
  }

  async end(limitMs = 15_000): Promise<Ended> {
    const ended = await endWithin(this.running, limitMs);
    expect(secretsIn(ended.stdout + ended.stderr, [])).toEqual([]);
    return ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.running.process.kill("SIGKILL");
    await this.end();
  }
}
