import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { createCertificateAuthority } from "../../src/testing/certificate-authority.js";
import { mintToken } from "../../src/testing/mint-token.js";
import type { NodeSimulator } from "../../src/testing/node-simulator.js";
import { Command, jsonLines, runCommand } from "./support/cli.js";
import { eventually } from "./support/eventually.js";
import { newFolder } from "./support/folder.js";
import { startNode } from "./support/node.js";
import { gatedEnvironment, IN_KUBERNETES, SCOPE } from "./support/setups.js";
import { tokenBody } from "./support/endpoint.js";
import { isTokenRequest, tokenRequests } from "./support/trouble.js";

const CHECK = `check token --scope ${SCOPE} --timeout 10s`;
const WAIT = `wait token --scope ${SCOPE}`;
const ANOTHER = "11111111-1111-4111-8111-111111111111";

const unpinned = (node: NodeSimulator): Record<string, string> => ({ ...IN_KUBERNETES, ...node.environment });

describe.concurrent("check token", () => {
  test("prints whom the token names, and never the token", async () => {
    await using node = await startNode();
    const { code, stdout, stderr } = await runCommand(CHECK, gatedEnvironment(node));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { objectId, clientId, tenantId, resourceId } = node.identity;
    expect(stdout).toMatch(
      /^ok: oid=\S+ clientId=\S+ tenantId=\S+ resourceId=\S+ audience=\S+ expiresOn=\S+\n$/u,
    );
    for (const part of [objectId, clientId, tenantId, resourceId]) expect(stdout).toContain(part);
  });

  test("prints it as JSON, of the identity that a flag asks for", async () => {
    await using node = await startNode({ podIdentities: [{ name: "app" }, { name: "other" }] });
    const other = node.mic.assignments.find(({ identity }) => identity.name === "other")?.identity;
    const argv = `${CHECK} --json --client-id ${other?.clientId ?? ""} --expect-oid ${other?.objectId ?? ""}`;
    const { code, stdout } = await runCommand(argv, unpinned(node));
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, oid: other?.objectId, clientId: other?.clientId });
  });

  test("refuses the token of another identity, and says whose it is and whose it should be", async () => {
    await using node = await startNode();
    const argv = `${CHECK} --expect-oid ${ANOTHER}`;
    const [people, machines] = await Promise.all([
      runCommand(argv, unpinned(node)),
      runCommand(`${argv} --json`, unpinned(node)),
    ]);
    expect(people).toMatchObject({ code: 1, stderr: "" });
    expect(people.stdout).toMatch(
      new RegExp(
        `^identity-mismatch: .*oid is ${node.identity.objectId}, expected ${ANOTHER}\\. .+\\n$`,
        "u",
      ),
    );
    expect(JSON.parse(machines.stdout)).toMatchObject({
      ok: false,
      reason: "identity-mismatch",
      saw: { oid: node.identity.objectId, clientId: node.identity.clientId },
      expected: { oid: [ANOTHER] },
    });
  });

  test.each([
    ["down", /^health-refused: /u],
    ["not-active", /^not-active: /u],
  ] as const)("fails at once where NMI is %s, and asks nobody for a token", async (state, line) => {
    await using node = await startNode({ nmi: { state } });
    const { code, stdout, stderr } = await runCommand(CHECK, gatedEnvironment(node));
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).toMatch(line);
    expect(tokenRequests(node)).toEqual([]);
  });

  test("fails where the rule is gone, although IMDS would give the node's token", async () => {
    await using node = await startNode({ systemAssigned: { name: "node" } });
    await node.nmi.dropRule();
    const { code, stdout } = await runCommand(CHECK, unpinned(node));
    expect(code).toBe(1);
    expect(stdout).toMatch(/^route-bypassed: /u);
    expect(tokenRequests(node)).toEqual([]);
  });

  test("says what it waited for where its time is up: NMI holds requests until an identity is assigned", async () => {
    await using node = await startNode();
    node.mic.unassign("app", node.identity);
    const argv = `check token --scope ${SCOPE} --timeout 1500ms --json`;
    const { code, stdout } = await runCommand(argv, gatedEnvironment(node));
    expect(code).toBe(1);
    const { detail = "", ...rest } = JSON.parse(stdout) as { readonly detail?: string };
    expect(rest).toEqual({ ok: false, reason: "timeout" });
    // On a busy machine the process hardly gets to the request.
    expect(detail).toMatch(/^no verified token within 1s500ms: the (request|gate) /u);
  });

  test("repeats no token that somebody gave in place of a scope", async () => {
    await using node = await startNode();
    const part = (text: string): string => Buffer.from(text).toString("base64url");
    const token = `${part('{"alg":"RS256","typ":"JWT"}')}.${part('{"oid":"somebody"}')}.${"A".repeat(86)}`;
    for (const command of ["check token --timeout 10s", "wait token --timeout 10s"]) {
      const { code, stdout, stderr } = await runCommand(
        `${command} --scope ${token}`,
        gatedEnvironment(node),
      );
      // The simulated plane gives tokens for whatever it is asked for.
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain("audience=[redacted]");
    }
  });

  test("repeats nothing of an error that holds a token", async () => {
    await using node = await startNode();
    const token = await mintToken({ oid: node.identity.objectId });
    node.faults.always(
      "nmi",
      { kind: "status", status: 403, body: tokenBody(token) },
      { match: isTokenRequest },
    );
    const { code, stdout, stderr } = await runCommand(CHECK, gatedEnvironment(node));
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).toContain("403");
    expect(stdout).not.toContain(token.slice(0, 60));
  });
});

describe.concurrent("in Kubernetes, with nothing to verify a token by,", () => {
  test.each([CHECK, WAIT, "wait arm", "serve --port 0"])("%s cannot be used", async (line) => {
    await using node = await startNode();
    const { HOST_IP: _ip, AZURE_IDENTITY_GUARD_NMI_URL: _url, ...environment } = unpinned(node);
    const { code, stdout, stderr } = await runCommand(line, environment);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/any identity's token would do.*--expect-oid.*HOST_IP.*--gate none/su);
    expect(node.requests).toEqual([]);
  });

  test.each(["--gate auto", "--unreadable-tokens reject", `--expected-tenant-id ${ANOTHER}`])(
    "%s verifies nothing",
    async (flags) => {
      await using node = await startNode();
      const { HOST_IP: _ip, AZURE_IDENTITY_GUARD_NMI_URL: _url, ...environment } = unpinned(node);
      expect(await runCommand(`${CHECK} ${flags}`, environment)).toMatchObject({ code: 2, stdout: "" });
    },
  );

  test.each(["--gate none", `--expect-oid ${ANOTHER}`])("%s is enough to ask", async (flags) => {
    await using node = await startNode();
    const { HOST_IP: _ip, AZURE_IDENTITY_GUARD_NMI_URL: _url, ...environment } = unpinned(node);
    const { code } = await runCommand(`${CHECK} ${flags}`, environment);
    expect(code).toBe(flags === "--gate none" ? 0 : 1);
    expect(tokenRequests(node)).not.toEqual([]);
  });
});

test("the scopes and the file of the application are not the command's", async () => {
  await using node = await startNode();
  await using folder = await newFolder();
  const file = join(folder.path, "ready");
  await writeFile(file, "1");
  const environment = {
    ...gatedEnvironment(node),
    AZURE_IDENTITY_GUARD_WARM_UP_SCOPES: "https://another.example/.default",
    AZURE_IDENTITY_GUARD_HEALTH_FILE: file,
  };
  for (const line of [CHECK, WAIT]) {
    const { code, stdout } = await runCommand(`${line} --json`, environment);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ audience: [SCOPE.replace("/.default", "")] });
  }
  expect(readFileSync(file, "utf8")).toBe("1");
  expect(tokenRequests(node).filter(({ path }) => path.includes("another.example"))).toEqual([]);
});

describe.concurrent("wait token", () => {
  test("asks at the interval that it is told, however long", async () => {
    await using node = await startNode();
    const fault = { kind: "status", status: 500, body: "" } as const;
    node.faults.always("nmi", fault, { match: isTokenRequest });
    const often = await runCommand(`${WAIT} --interval 50ms --timeout 3s`, gatedEnvironment(node));
    expect(often.code).toBe(1);
    // At the usual distances there were three.
    expect(tokenRequests(node).length).toBeGreaterThan(8);
    const before = tokenRequests(node).length;
    const seldom = await runCommand(`${WAIT} --interval 5m --timeout 3s`, gatedEnvironment(node));
    expect(seldom).toMatchObject({ code: 1, stderr: "" });
    expect(tokenRequests(node).length - before).toBe(1);
  });

  test("says a refusal for good as one, and not as something to wait for", async () => {
    await using node = await startNode();
    const fault = { kind: "status", status: 200, body: tokenBody("opaque") } as const;
    node.faults.always("nmi", fault, { match: isTokenRequest });
    const { code, stdout } = await runCommand(`${WAIT} --json`, gatedEnvironment(node));
    expect(code).toBe(1);
    const told = stdout.trimEnd().split("\n");
    expect(JSON.parse(told.at(-1) ?? "")).toMatchObject({ type: "refused", reason: "token-unverifiable" });
  });

  test("says of the migration proxy that an init container would wait for ever", async () => {
    const environment = { ...IN_KUBERNETES, AZURE_IDENTITY_GUARD_PROXY_PORT: "9" };
    const { code, stderr } = await runCommand(`${WAIT} --gate proxy --timeout 200ms`, environment);
    expect(code).toBe(1);
    expect(stderr).toMatch(/migration proxy starts after the init containers.*check token/su);
  });

  test("waits for NMI, for the rule, and then for the token", async () => {
    await using node = await startNode({ nmi: { state: "down" } });
    await using command = await Command.start(WAIT.split(" "), gatedEnvironment(node));
    await command.says(/waiting: health-refused[^\n]*\n$/u);
    await node.nmi.setState("not-active");
    await command.says(/waiting: not-active[^\n]*\n$/u);
    await node.nmi.setState("active");
    const { code, stdout, stderr } = await command.ended();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines.at(-1)).toMatch(new RegExp(`^ok: oid=${node.identity.objectId} .* \\(after .+\\)$`, "u"));
  });

  test("waits until the right identity's token comes, and takes no other", async () => {
    await using node = await startNode();
    node.imds.setStalePrincipal(node.identity, ANOTHER);
    const argv = `${WAIT} --json --retry-delay 50ms --retry-max-delay 100ms`.split(" ");
    await using command = await Command.start(argv, gatedEnvironment(node));
    await command.says(/"reason":"identity-mismatch"/u);
    node.imds.setStalePrincipal(node.identity, undefined);
    node.imds.clearTokenCache();
    const { code, stdout } = await command.ended();
    expect(code).toBe(0);
    const told = jsonLines(stdout);
    const expected = { oid: [node.identity.objectId] };
    expect(told[0]).toMatchObject({ type: "waiting", saw: { oid: ANOTHER }, expected });
    expect(told.at(-1)).toMatchObject({ type: "done", oid: node.identity.objectId });
  });

  test("ends with 1 at once where waiting cannot help", async () => {
    await using node = await startNode();
    const fault = { kind: "status", status: 200, body: tokenBody("opaque") } as const;
    node.faults.always("nmi", fault, { match: isTokenRequest });
    const { code, stdout, stderr } = await runCommand(WAIT, gatedEnvironment(node));
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).toMatch(/token-unverifiable/u);
  });

  test("gives up at its timeout, and ends by SIGTERM with 143", async () => {
    await using node = await startNode({ nmi: { state: "not-active" } });
    const environment = gatedEnvironment(node);
    const late = await runCommand(`${WAIT} --timeout 500ms`, environment);
    expect(late).toMatchObject({ code: 1, stderr: "" });
    expect(late.stdout).toMatch(/^waiting: not-active: .+\ngave up on a token after 500ms: not-active\n$/u);
    await using command = await Command.start(WAIT.split(" "), environment);
    await command.says(/waiting/u);
    command.kill("SIGTERM");
    expect(await command.ended()).toMatchObject({ code: 143, stderr: "" });
  });

  test("survives a wall clock that jumps an hour ahead and back at each look", async () => {
    await using node = await startNode({ nmi: { state: "not-active" } });
    const argv = `${WAIT} --timeout 20s`.split(" ");
    await using command = await Command.start(argv, gatedEnvironment(node), "jumping-clock.cjs");
    await command.says(/not-active/u);
    await node.nmi.setState("active");
    expect(await command.ended()).toMatchObject({ code: 0, stderr: "" });
  });
});

describe.concurrent("wait arm", () => {
  interface Arm extends AsyncDisposable {
    readonly url: string;
    /** Bearer tokens that came, and paths. */
    readonly seen: { readonly path: string; readonly audience: unknown }[];
    answer: { status: number; body: string; retryAfter?: string; location?: string };
  }

  const authority = createCertificateAuthority();

  async function startArm(): Promise<Arm> {
    const seen: Arm["seen"] = [];
    const server: Server = createServer(authority.issue(["localhost"]), (request, response) => {
      const token = (request.headers.authorization ?? "").replace("Bearer ", "");
      const claims = Buffer.from(token.split(".")[1] ?? "", "base64url").toString() || "{}";
      seen.push({ path: request.url ?? "", audience: (JSON.parse(claims) as { aud?: unknown }).aud });
      const { status, body, retryAfter, location } = arm.answer;
      response.setHeader("Content-Type", "application/json");
      if (retryAfter !== undefined) response.setHeader("Retry-After", retryAfter);
      if (location !== undefined) response.setHeader("Location", location);
      response.writeHead(status).end(body);
    });
    const arm: Arm = {
      url: "",
      seen,
      answer: { status: 200, body: JSON.stringify({ value: [{}, {}] }) },
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return Object.assign(arm, { url: `https://localhost:${port}` });
  }

  let folder: Awaited<ReturnType<typeof newFolder>>;
  let trusting: Readonly<Record<string, string>> = {};
  beforeAll(async () => {
    folder = await newFolder();
    const file = join(folder.path, "ca.pem");
    await writeFile(file, authority.certificate);
    expect(readFileSync(file, "utf8")).toContain("BEGIN CERTIFICATE");
    trusting = { NODE_EXTRA_CA_CERTS: file };
    return async () => await folder[Symbol.asyncDispose]();
  });

  const argv = ({ url }: Arm, ...more: readonly string[]): readonly string[] => [
    "wait",
    "arm",
    "--arm-endpoint",
    url,
    "--interval",
    "20ms",
    ...more,
  ];

  test("waits until Azure Resource Manager accepts the token, and says what is in the way until then", async () => {
    await using node = await startNode();
    await using arm = await startArm();
    const secret = await mintToken({ oid: ANOTHER });
    arm.answer = {
      status: 403,
      body: JSON.stringify({ error: { code: "AuthorizationFailed", message: secret } }),
    };
    await using command = await Command.start(argv(arm), { ...gatedEnvironment(node), ...trusting });
    await command.says(/waiting: [^\n]*403 [^\n]*AuthorizationFailed/u);
    arm.answer = { status: 503, body: "" };
    await command.says(/waiting: [^\n]*503\n$/u);
    arm.answer = { status: 200, body: JSON.stringify({ value: [{}, {}] }) };
    const { code, stdout, stderr } = await command.ended();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(
      new RegExp(`^ok: oid=${node.identity.objectId} .*accepted it, and shows 2 subscriptions`, "u"),
    );
    expect(arm.seen.at(-1)).toEqual({ path: "/subscriptions?api-version=2022-12-01", audience: arm.url });
  });

  test("waits where no subscription is shown, and where something else answers", async () => {
    await using node = await startNode();
    await using arm = await startArm();
    arm.answer = { status: 200, body: "<html>sign in</html>" };
    const environment = { ...gatedEnvironment(node), ...trusting };
    await using command = await Command.start(argv(arm, "--json"), environment);
    await command.says(/"reason":"arm-200"/u);
    arm.answer = { status: 200, body: JSON.stringify({ value: [] }) };
    await command.says(/"reason":"arm-no-subscriptions"/u);
    arm.answer = { status: 200, body: JSON.stringify({ value: [{}] }) };
    const { code, stdout } = await command.ended();
    expect(code).toBe(0);
    expect(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
      type: "done",
      oid: node.identity.objectId,
      subscriptions: 1,
    });
  });

  test.each(["InvalidAuthenticationTokenAudience", "InvalidAuthenticationTokenTenant"])(
    "ends with 1 where the token will never do: %s",
    async (code) => {
      await using node = await startNode();
      await using arm = await startArm();
      arm.answer = { status: 401, body: JSON.stringify({ error: { code } }) };
      const ended = await runCommand(argv(arm, "--json"), { ...gatedEnvironment(node), ...trusting });
      expect(ended.code).toBe(1);
      expect(jsonLines(ended.stdout).at(-1)).toMatchObject({ type: "refused", reason: "arm-401" });
    },
  );

  test("reads no more of an answer than a list of subscriptions takes, and follows no redirect", async () => {
    await using node = await startNode();
    await using arm = await startArm();
    const environment = { ...gatedEnvironment(node), ...trusting };
    arm.answer = { status: 200, body: JSON.stringify({ value: ["x".repeat(2_000_000)] }) };
    const long = await runCommand([...argv(arm), "--timeout", "2s"], environment);
    expect(long.code).toBe(1);
    arm.answer = { status: 302, body: "", location: "/login" };
    const asked = arm.seen.length;
    const moved = await runCommand([...argv(arm), "--timeout", "2s"], environment);
    expect(moved.stdout).toMatch(/answered 302/u);
    expect(arm.seen.slice(asked).map(({ path }) => path)).not.toContain("/login");
  });

  test.each(["https://management.azure.com/base", "https://management.azure.com/?a=b", "http://localhost"])(
    "takes no endpoint such as %s",
    async (endpoint) => {
      const { code, stderr } = await runCommand(["wait", "arm", "--arm-endpoint", endpoint], {});
      expect(code).toBe(2);
      expect(stderr).toContain("expected an https: URL without a path");
    },
  );

  test("says what it waited for where the time is up before anything was seen", async () => {
    await using node = await startNode();
    node.mic.unassign("app", node.identity);
    const late = await runCommand(`${WAIT} --timeout 2s --json`, gatedEnvironment(node));
    expect(late.code).toBe(1);
    expect(jsonLines(late.stdout).at(-1)).toMatchObject({
      type: "timeout",
      reason: expect.any(String) as string,
    });
  });

  test("asks no sooner than it may", async () => {
    await using node = await startNode();
    await using arm = await startArm();
    arm.answer = { status: 429, body: "", retryAfter: "3600" };
    const environment = { ...gatedEnvironment(node), ...trusting };
    const { code, stdout } = await runCommand([...argv(arm), "--timeout", "2s"], environment);
    expect({ code, asked: arm.seen.length }).toEqual({ code: 1, asked: 1 });
    expect(stdout).toMatch(/answered 429/u);
  });

  test("tells as JSON that nobody is there", async () => {
    await using node = await startNode();
    const arm = await startArm();
    await arm[Symbol.asyncDispose]();
    const environment = { ...gatedEnvironment(node), ...trusting };
    await using command = await Command.start(argv(arm, "--json"), environment);
    await command.says(/arm-unreachable/u);
    command.kill("SIGTERM");
    const { code, stdout } = await command.ended();
    expect(code).toBe(143);
    expect(jsonLines(stdout)).toMatchObject([
      { type: "waiting", reason: "arm-asked", oid: node.identity.objectId },
      { type: "waiting", reason: "arm-unreachable" },
    ]);
  });

  test("says what stands in the way once, however often it looks", async () => {
    await using node = await startNode();
    const arm = await startArm();
    await arm[Symbol.asyncDispose]();
    const environment = { ...gatedEnvironment(node), ...trusting };
    const { code, stdout } = await runCommand([...argv(arm, "--json"), "--timeout", "3s"], environment);
    expect(code).toBe(1);
    expect(jsonLines(stdout)).toMatchObject([
      { type: "waiting", reason: "arm-asked" },
      { type: "waiting", reason: "arm-unreachable" },
      { type: "timeout", reason: "arm-unreachable" },
    ]);
  });

  test("shows the token to nobody whose certificate is not trusted", async () => {
    await using node = await startNode();
    await using arm = await startArm();
    await using command = await Command.start(argv(arm), gatedEnvironment(node));
    await command.says(/waiting: [^\n]*cannot be asked/u);
    command.kill("SIGTERM");
    expect(await command.ended()).toMatchObject({ code: 143 });
    expect(arm.seen).toEqual([]);
  });

  test("does not ask with another identity's token", async () => {
    await using node = await startNode();
    await using arm = await startArm();
    await using command = await Command.start(argv(arm, "--expect-oid", ANOTHER), {
      ...unpinned(node),
      ...trusting,
    });
    await command.says(/waiting: identity-mismatch/u);
    command.kill("SIGTERM");
    await command.ended();
    expect(arm.seen).toEqual([]);
  });
});

describe.concurrent("serve", () => {
  test("says where, answers probes, and ends with 143", async () => {
    await using node = await startNode();
    const argv = "serve --port 0 --host 127.0.0.1 --poll-interval 100ms".split(" ");
    await using command = await Command.start(argv, node.environment);
    await command.says(/http:\S+/u);
    const url = /http:\/\/127\.0\.0\.1:\d+/u.exec(command.output())?.[0] ?? "";
    const status = async (path: string): Promise<number> =>
      (await fetch(`${url}${path}`, { headers: { Connection: "close" } })).status;
    await eventually(async () => (await status("/readyz")) === 200);
    expect(await Promise.all(["/livez", "/startupz", "/metrics", "/"].map(status))).toEqual([
      200, 200, 200, 200,
    ]);
    await node.nmi.setState("down");
    await eventually(async () => (await status("/readyz")) === 503);
    expect(await status("/livez")).toBe(200);
    command.kill("SIGTERM");
    expect(await command.ended()).toMatchObject({ code: 143, stderr: "" });
  });

  test("with nothing to watch cannot be used, and an expectation without a scope is told to do nothing", async () => {
    const { code, stderr } = await runCommand("serve --port 0 --gate none", IN_KUBERNETES);
    expect(code).toBe(2);
    expect(stderr).toContain("--warm-up-scopes");
    await using node = await startNode();
    const argv = `serve --port 0 --host 127.0.0.1 --expect-oid ${ANOTHER}`.split(" ");
    await using command = await Command.start(argv, node.environment);
    await command.says(/serving/u);
    command.kill("SIGTERM");
    const ended = await command.ended();
    expect(ended.stderr).toMatch(/no token is asked for.*--warm-up-scopes/u);
  });

  test("that cannot listen says so, and ends with 1", async () => {
    await using node = await startNode();
    const { port } = new URL(node.healthUrl);
    const ended = await runCommand(["serve", "--port", port, "--host", "127.0.0.1"], node.environment);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(/^serve: .*EADDRINUSE/u);
  });
});
