import { describe, expect, test } from "vitest";
import { mintToken } from "../../src/testing/mint-token.js";
import { tokenBody } from "./support/endpoint.js";
import { SDK_QUOTES_TEXT } from "./support/installed-sdk.js";
import { Pod, SHORT_BUDGET } from "./support/pod.js";
import { secretsIn } from "./support/secrets.js";
import { GUARDED_DEFAULT, GUARDED_MANAGED_IDENTITY, RESOURCE, SCOPE, SETUPS } from "./support/setups.js";
import { isTokenRequest, issuedTokens } from "./support/trouble.js";

// Each process's whole output is searched for tokens when it ends; these give it something to say.
const VERBOSE = { AZURE_LOG_LEVEL: "verbose", DEBUG: "*", NODE_DEBUG: "http,net,undici,fetch" };
/** Everything that the guard logs, and nothing of `@azure/identity`. */
const OWN_LOG = { DEBUG: "azure:identity-guard:*" };

describe.concurrent("at AZURE_LOG_LEVEL=verbose", () => {
  test.each([GUARDED_DEFAULT, GUARDED_MANAGED_IDENTITY])(
    "no token is in the output of $name, which does say something",
    async (spec) => {
      await using pod = await Pod.start(VERBOSE);
      const id = await pod.child.create(spec);
      expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ outcome: "token" });
      await pod.child.snapshot(id);
      pod.child.hides(...(await issuedTokens(pod.node, RESOURCE)));
      const { stdout, stderr } = await pod.child.end();
      expect(stdout + stderr).toMatch(/identity-guard/u);
    },
  );

  test("no token that was refused is in the output", async () => {
    const environment = { ...VERBOSE, ...SHORT_BUDGET, AZURE_IDENTITY_GUARD_GATE: "none" };
    await using pod = await Pod.start(environment, {
      systemAssigned: { name: "node" },
      nmi: { state: "down" },
    });
    const id = await pod.child.create(GUARDED_MANAGED_IDENTITY);
    expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ code: "ERR_GUARD_IDENTITY_MISMATCH" });
    await pod.child.snapshot(id);
    pod.child.hides(...(await issuedTokens(pod.node, RESOURCE)));
  });

  test("no opaque token is in the output, although nothing has its shape", async () => {
    await using pod = await Pod.start(VERBOSE, { imds: { tokens: { format: "opaque" } } });
    const id = await pod.child.create(GUARDED_DEFAULT);
    expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ code: "ERR_GUARD_TOKEN_UNVERIFIABLE" });
    await pod.child.snapshot(id);
    pod.child.hides(...(await issuedTokens(pod.node, RESOURCE)));
  });
});

interface MisplacedToken {
  readonly does: string;
  readonly fault: (json: string) => { readonly status: number; readonly body: unknown };
  /** `@azure/identity` writes it into its own log, at level `error`, where a credential of its own is wrapped. */
  readonly loggedBySdk: boolean;
}

describe.concurrent("an answer that holds a token where none belongs", () => {
  const ANSWERS: readonly MisplacedToken[] = [
    {
      does: "in the text of a 403 of NMI, whole",
      fault: (json: string) => ({
        status: 403,
        body: `adal: Refresh request failed. Status Code = '503'. Response body: ${json} Endpoint http://169.254.169.254/metadata/identity/oauth2/token\n`,
      }),
      loggedBySdk: SDK_QUOTES_TEXT,
    },
    {
      does: "in the text of a 403 of NMI, cut short",
      fault: (json: string) => ({
        status: 403,
        body: `adal: Failed to unmarshal the service principal token during refresh. Error = 'unexpected end of JSON input' JSON = '${json.slice(0, 400)}'\n`,
      }),
      loggedBySdk: SDK_QUOTES_TEXT,
    },
    {
      does: "in a 200 of type text/plain, cut short",
      fault: (json: string) => ({ status: 200, body: json.slice(0, -40) }),
      loggedBySdk: SDK_QUOTES_TEXT,
    },
    {
      does: "in the error_description of a 500",
      fault: (json: string) => ({ status: 500, body: { error: "server_error", error_description: json } }),
      loggedBySdk: true,
    },
  ];

  test.each(
    ANSWERS.flatMap((answer) => (["gated", "wrapped"] as const).map((setup) => ({ ...answer, setup }))),
  )("$does, leaks nothing ($setup)", async ({ fault, setup, loggedBySdk }) => {
    const wrapped = setup === "wrapped";
    const gate = wrapped ? { AZURE_IDENTITY_GUARD_GATE: "none" } : undefined;
    const log = wrapped && loggedBySdk ? OWN_LOG : VERBOSE;
    await using pod = await Pod.start({ ...log, ...SHORT_BUDGET, ...gate });
    const token = await mintToken({ oid: pod.node.identity.objectId });
    const answer = { kind: "status", ...fault(JSON.stringify(tokenBody(token))) } as const;
    pod.node.faults.always("nmi", answer, { match: isTokenRequest });
    const id = await pod.child.create(SETUPS[setup].credential(pod.node));
    const settled = await pod.child.getToken(id, SCOPE);
    expect(settled).toMatchObject({ outcome: "error", code: "ERR_GUARD_BUDGET_SPENT" });
    const told = [settled, await pod.child.snapshot(id), await pod.child.events(id)];
    expect(secretsIn(JSON.stringify(told), [token])).toEqual([]);
    pod.child.hides(token);
  });
});
