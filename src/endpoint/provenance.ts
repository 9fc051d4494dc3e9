import type { Provenance } from "../retry/attempt-failure.js";

interface ServerRow {
  readonly pattern: RegExp;
  readonly provenance: Provenance;
}

/** What the `Server` header of an answer on the token path shows. */
const SERVERS: readonly ServerRow[] = [
  // `IMDS/150.870.65.1854` in public captures of 2022 to 2026.
  { pattern: /^\s*IMDS\//iu, provenance: "imds" },
  // azure-workload-identity pkg/proxy/proxy.go sets it on the token path, whatever the status.
  { pattern: /^\s*azure-workload-identity\/proxy\//iu, provenance: "proxy" },
];

/** Fields of a token response that IMDS sends and NMI drops (aad-pod-identity pkg/nmi/server/server.go). */
const IMDS_ONLY_FIELDS: readonly string[] = ["client_id", "ext_expires_in"];

/**
 * Who answered a request on the token path, as far as the answer shows. `body` is the parsed JSON of the answer.
 *
 * NMI's token handler is Go's net/http, which sends no `Server` header (aad-pod-identity pkg/nmi/server/server.go).
 * None of this is documented behaviour: an answer that shows somebody else is evidence, one that shows NMI is a hint.
 */
export function provenanceOf(answer: {
  readonly status: number;
  readonly server: string | undefined;
  readonly body?: unknown;
}): Provenance {
  const { status, server, body } = answer;
  const named = server === undefined ? undefined : SERVERS.find(({ pattern }) => pattern.test(server));
  if (named !== undefined) return named.provenance;
  // A service mesh may drop or rewrite `Server`; the body still tells.
  if (status === 200 && isImdsBody(body)) return "imds";
  return server === undefined ? "nmi" : "unknown";
}

function isImdsBody(body: unknown): boolean {
  return (
    typeof body === "object" && body !== null && IMDS_ONLY_FIELDS.some((name) => Object.hasOwn(body, name))
  );
}
