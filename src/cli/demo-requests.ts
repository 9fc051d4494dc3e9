import type { NodeSimulator } from "../testing/node-simulator.js";
import type { RecordedRequest } from "../testing/request-log.js";
import type { RequestSent, Service } from "./demo-events.js";

/** How the SDK's requests begin their `User-Agent` (`@azure/identity`, `IdentityClient`). */
const SDK = /^azsdk-js-identity\//u;

/** What a request on the node was, and whose; `undefined` for one that no service sends. */
export function requestSent(request: RecordedRequest): RequestSent | undefined {
  const { at, answeredBy, headers, query } = request;
  const client = headers["user-agent"]?.split(" ")[0];
  const who: Service = client !== undefined && SDK.test(client) ? "plain" : "guarded";
  const sent = {
    type: "request",
    who,
    at,
    answeredBy,
    ...(client === undefined ? {} : { client }),
  } as const;
  if (answeredBy === "health") return { ...sent, what: "health" };
  const resource = query["resource"];
  if (resource !== undefined) return { ...sent, what: "token", resource };
  // Only the guard asks who would answer; the SDK's own probe is off where the endpoint is named by a variable.
  return who === "guarded" ? { ...sent, what: "route-probe" } : undefined;
}

/** Reports every request as it arrives, until the node closes. */
export async function watchRequests(
  node: NodeSimulator,
  report: (event: RequestSent) => void,
): Promise<void> {
  let last = 0;
  for (;;) {
    try {
      await node.nextRequest();
    } catch {
      return; // closed
    }
    // More than one may have arrived since; the log is in their order.
    for (const request of node.requests) {
      if (request.id <= last) continue;
      last = request.id;
      const event = requestSent(request);
      if (event !== undefined) report(event);
    }
  }
}
