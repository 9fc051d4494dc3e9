import { Agent, request } from "node:http";
import { request as requestHttps } from "node:https";
import { expect, onTestFinished } from "vitest";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { NodeSimulator } from "../../src/testing/node-simulator.js";
import type { NodeSimulatorOptions } from "../../src/testing/simulator-options.js";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface Call {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** Source address; on Linux all of 127.0.0.0/8 is loopback. */
  readonly from?: string;
  readonly agent?: Agent;
  readonly signal?: AbortSignal;
  readonly body?: string;
  /** Certificate to trust, for HTTPS. */
  readonly ca?: string;
}

export const RESOURCE = "https://vault.azure.net";
export const METADATA = { Metadata: "true" };

export function tokenPath(parameters: Record<string, string> = {}, slash = ""): string {
  const query = new URLSearchParams({ "api-version": "2018-02-01", resource: RESOURCE, ...parameters });
  return `/metadata/identity/oauth2/token${slash}?${query.toString()}`;
}

/** One request on a connection of its own, unless an agent is given; rejects with Node's error code where it fails. */
export async function http(url: string, call: Call = {}): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const { path, method = "GET", headers, from, agent = false, signal, body, ca } = call;
    const target = new URL(url);
    const send = target.protocol === "https:" ? requestHttps : request;
    const options = {
      host: target.hostname,
      port: target.port,
      path: path ?? target.pathname + target.search,
      method,
      agent,
      ...(headers === undefined ? {} : { headers }),
      ...(from === undefined ? {} : { localAddress: from }),
      ...(signal === undefined ? {} : { signal }),
      ...(ca === undefined ? {} : { ca }),
    };
    const outgoing = send(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        resolve({
          status: response.statusCode ?? 0,
          // Only `Set-Cookie` would be a list, and nobody here sets one.
          headers: response.headers as Record<string, string>,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

export async function token(
  simulator: NodeSimulator,
  parameters: Record<string, string> = {},
  call: Call = {},
): Promise<Answer> {
  return await http(simulator.metadataUrl, { path: tokenPath(parameters), headers: METADATA, ...call });
}

/** Error code of a request that must fail. */
export async function failure(answer: Promise<Answer>): Promise<string> {
  try {
    const { status } = await answer;
    return `answered ${status}`;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

/** A simulator on a clock that stands still, closed after the test. */
export async function manualNode(
  options: NodeSimulatorOptions = {},
): Promise<{ simulator: NodeSimulator; clock: ManualClock }> {
  const clock = new ManualClock({ now: Date.UTC(2026, 0, 1) });
  const simulator = await NodeSimulator.start({ clock, ...options });
  onTestFinished(async () => await simulator.close());
  return { simulator, clock };
}

export function keepAlive(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return agent;
}

export function json(answer: Answer): Record<string, unknown> {
  return JSON.parse(answer.body) as Record<string, unknown>;
}

export function claimsOf(answer: Answer): Record<string, unknown> {
  const [, payload = ""] = String(json(answer)["access_token"]).split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
}

/** NMI's text answers all look like this. */
export function expectNmiText(answer: Answer, status: number, text: string): void {
  expect({ status: answer.status, type: answer.headers["content-type"], body: answer.body }).toEqual({
    status,
    type: "text/plain; charset=utf-8",
    body: `${text}\n`,
  });
  expect(answer.headers["x-content-type-options"]).toBe("nosniff");
  expect(answer.headers).not.toHaveProperty("server");
}
