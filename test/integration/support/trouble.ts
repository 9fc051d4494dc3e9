import type { FaultRequest } from "../../../src/testing/fault-script.js";
import type { NodeSimulator } from "../../../src/testing/node-simulator.js";
import type { RecordedRequest } from "../../../src/testing/request-log.js";
import type { Trouble } from "./scenarios.js";
import { scaledMs } from "./scale.js";

/** Longer trouble leaves too little of the budget for a process that begins late. */
const SOON_S = 30;

/** A route probe names no resource, a token request does. */
export const isTokenRequest = ({ query }: FaultRequest): boolean => query.has("resource");

/** Token requests at the metadata address, whoever answered them. */
export function tokenRequests(node: NodeSimulator): readonly RecordedRequest[] {
  return node.requests.filter(({ query }) => Object.hasOwn(query, "resource"));
}

/**
 * Brings trouble over the node, until `untilS` from now; the promise settles when that has begun. The time of wrong
 * answers that are soon over begins with the first of them: a process that is slow to ask must not miss them.
 */
export async function bring(
  trouble: Trouble,
  untilS: number,
  node: NodeSimulator,
  scale?: number,
): Promise<() => void> {
  const untilMs = untilS * 1000;
  const stops: (() => void)[] = [];
  const limited = (probes = false): { match?: typeof isTokenRequest } =>
    probes ? {} : { match: isTokenRequest };
  switch (trouble.kind) {
    case "answers": {
      const fault = node.faults.always("metadata", trouble.fault, limited(trouble.probes));
      const end = (): void => {
        const timer = setTimeout(() => fault.cancel(), scaledMs(untilS, scale));
        stops.push(() => clearTimeout(timer));
      };
      const first = ({ answeredBy, query }: RecordedRequest): boolean =>
        answeredBy !== "health" && (trouble.probes === true || Object.hasOwn(query, "resource"));
      if (untilS > SOON_S) end();
      // Rejects only where the node is closed before anybody has asked.
      else node.nextRequest(first).then(end, () => undefined);
      break;
    }
    case "first":
      node.faults.next("metadata", trouble.fault, { times: trouble.times, ...limited(trouble.probes) });
      break;
    case "no-nmi":
      await node.nmi.setState("down");
      void node.nmi.start({ activeAfterMs: untilMs, healthAfterMs: untilMs });
      break;
    case "no-rule":
      await node.nmi.dropRule({ restoredAfterMs: untilMs });
      break;
    case "crashed":
      await node.nmi.crash();
      void node.nmi.start({ activeAfterMs: untilMs, healthAfterMs: untilMs });
      break;
    case "unassigned":
      node.mic.unassign("app", node.identity);
      node.mic.assign("app", node.identity, { afterMs: untilMs });
      break;
    case "unattached":
      node.mic.unassign("app", node.identity);
      node.mic.assign("app", node.identity, { imdsLagMs: untilMs });
      break;
  }
  return () => stops.forEach((stop) => stop());
}

/** Every token that the node's IMDS has issued for `resource`, wrong ones included. */
export async function issuedTokens(node: NodeSimulator, resource: string): Promise<readonly string[]> {
  node.faults.clear();
  await node.nmi.setState("down");
  const { identities, systemAssigned } = node.imds;
  const all = systemAssigned === undefined ? identities : [...identities, systemAssigned];
  return await Promise.all(
    all.map(async ({ clientId }) => {
      const query = new URLSearchParams({ "api-version": "2018-02-01", resource, client_id: clientId });
      const url = `${node.metadataUrl}/metadata/identity/oauth2/token?${query.toString()}`;
      const answer = await fetch(url, { headers: { Metadata: "true", Connection: "close" } });
      const { access_token: token } = (await answer.json()) as { readonly access_token?: string };
      return token ?? "";
    }),
  );
}
