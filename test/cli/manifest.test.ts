import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/command-table.js";
import { manifest } from "../../src/cli/manifest.js";
import { STRATEGIES } from "../../src/cli/manifests/strategies.js";
import { STRATEGY_NAMES, type StrategyName } from "../../src/cli/manifests/strategy-names.js";
import { withoutComments, writeYaml, type Yaml, type YamlMap } from "../../src/cli/manifests/yaml.js";
import { runCli } from "../../src/cli/run-cli.js";
import { testIo, type TestIo } from "./cli-io.js";

const OID = "11111111-1111-4111-8111-111111111111";

async function run(line: string): Promise<TestIo & { readonly code: number }> {
  const io = testIo();
  const commands = COMMANDS.map((row) => (row.name === "manifest" ? { ...row, load: () => manifest } : row));
  return { ...io, code: await runCli(line.split(" "), io, commands) };
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly resources: Readonly<Record<"requests" | "limits", object>>;
  readonly securityContext: object;
  readonly startupProbe?: object;
  readonly readinessProbe?: object;
  readonly livenessProbe?: object;
  readonly ports?: readonly object[];
}

interface Pod {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly securityContext: object;
    readonly initContainers?: readonly Container[];
    readonly containers: readonly Container[];
  };
}

async function printed(line: string): Promise<Pod> {
  const { code, said, complained } = await run(`${line} --json`);
  expect({ code, complained }).toEqual({ code: 0, complained: [] });
  return JSON.parse(said.join("\n")) as Pod;
}

const READINESS = { periodSeconds: 5, failureThreshold: 1 };
const LIVENESS = { initialDelaySeconds: 30, periodSeconds: 5, failureThreshold: 5 };

describe.each(STRATEGY_NAMES)("the pod of %s", (name) => {
  test("is one that NMI serves, and knows its node", async () => {
    const pod = await printed(`manifest ${name}`);
    expect(pod).toMatchObject({ apiVersion: "v1", kind: "Pod" });
    expect(pod.metadata.labels).toHaveProperty("aadpodidbinding");
    for (const { env } of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
      expect(env).toContainEqual({
        name: "HOST_IP",
        valueFrom: { fieldRef: { fieldPath: "status.hostIP" } },
      });
    }
  });

  test("has no privileges, and says what it takes", async () => {
    const { spec } = await printed(`manifest ${name}`);
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    for (const { resources, securityContext } of [...spec.containers, ...(spec.initContainers ?? [])]) {
      expect(Object.keys(resources)).toEqual(["requests", "limits"]);
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
  });

  test("takes images from flags", async () => {
    const { spec } = await printed(`manifest ${name} --image app:2 --cli-image cli:3 --port 9000`);
    expect(spec.containers.map(({ image }) => image)).toEqual(["app:2"]);
    for (const { image } of spec.initContainers ?? []) {
      expect(image).toBe(name === "shell-wget" ? "busybox:1.37.0" : "cli:3");
    }
  });

  test("names commands that there are, with flags that they have", async () => {
    const text = JSON.stringify(await printed(`manifest ${name}`));
    const commands = [...text.matchAll(/\["azure-identity-guard",([^\]]+)\]/gu)].map(
      ([, words = ""]) => JSON.parse(`[${words}]`) as readonly string[],
    );
    for (const words of commands) {
      const row = COMMANDS.find((each) => `${words.join(" ")} `.startsWith(`${each.name} `));
      const flags = words.filter((word) => word.startsWith("--"));
      expect(row?.flags.flatMap(({ flag, aliases }) => [flag, ...aliases])).toEqual(
        expect.arrayContaining(flags),
      );
    }
  });

  test("fits a screen", async () => {
    const { said } = await run(`manifest ${name}`);
    expect(said.filter((line) => line.length > 92)).toEqual([]);
    expect(said[0]).toMatch(new RegExp(`^# ${name}: `, "u"));
  });
});

test("nmi-init waits for NMI before the application starts, and probes nothing", async () => {
  const { spec } = await printed("manifest nmi-init");
  const [first] = spec.initContainers ?? [];
  expect(first?.command).toEqual(["azure-identity-guard", "wait", "nmi"]);
  expect(first?.env.map(({ name }) => name)).toEqual(["HOST_IP"]);
  expect(spec.containers[0]).not.toHaveProperty("readinessProbe");
});

test("nmi-exec-probes looks at NMI, and gives a probe no longer than its kubelet does", async () => {
  const { spec } = await printed("manifest nmi-exec-probes");
  const exec = { command: ["azure-identity-guard", "check", "nmi", "--timeout", "2s"] };
  expect(spec.containers[0]).toMatchObject({
    startupProbe: { exec, timeoutSeconds: 3, periodSeconds: 5 },
    readinessProbe: { exec, timeoutSeconds: 3, ...READINESS },
    livenessProbe: { exec, timeoutSeconds: 3, ...LIVENESS },
  });
  expect(spec.containers[0]?.readinessProbe).not.toHaveProperty("initialDelaySeconds");
});

test("nmi-in-code asks the application, at the port that it listens on", async () => {
  const { spec } = await printed("manifest nmi-in-code --port 9000");
  expect(spec.containers[0]).toMatchObject({
    ports: [{ name: "probes", containerPort: 9000 }],
    startupProbe: { httpGet: { path: "/startupz", port: "probes" } },
    readinessProbe: { httpGet: { path: "/readyz", port: "probes" }, ...READINESS },
    livenessProbe: { httpGet: { path: "/livez", port: "probes" }, ...LIVENESS },
  });
  expect(spec.containers[0]?.env).toContainEqual({ name: "AZURE_IDENTITY_GUARD_HEALTH_PORT", value: "9000" });
});

/** Containers with the expected identity, by name: an init container of ours, or the application that has the library. */
const PINNED: Readonly<Partial<Record<StrategyName, string>>> = {
  "nmi-in-code": "app",
  "token-init": "wait-for-token",
  "arm-init": "wait-for-arm",
  "token-exec-probes": "app",
  "token-in-code": "app",
  sidecar: "identity-guard",
};
const EXPECTED = "AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID";

test.each(Object.entries(PINNED))("%s gives --oid to %s, and to nobody else", async (name, reader) => {
  const { spec } = await printed(`manifest ${name} --oid ${OID}`);
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  const given = all.filter(({ env }) => env.some((each) => each.name === EXPECTED && each.value === OID));
  expect(given.map((container) => container.name)).toEqual([reader]);
});

test.each(STRATEGY_NAMES.filter((name) => PINNED[name] === undefined))(
  "%s refuses --oid, since nothing there looks at a token",
  async (name) => {
    const { code, said, complained } = await run(`manifest ${name} --oid ${OID}`);
    expect({ code, said }).toEqual({ code: 2, said: [] });
    expect(complained[0]).toContain(`--oid is of no use to ${name}, which looks at no token; nmi-in-code,`);
    expect(JSON.stringify(await printed(`manifest ${name}`))).not.toContain(EXPECTED);
  },
);

test.each(["token-init", "arm-init", "token-exec-probes", "token-in-code", "sidecar"])(
  "%s without --oid takes nobody's tokens",
  async (name) => {
    expect(JSON.stringify(await printed(`manifest ${name}`))).toContain(
      `{"name":"${EXPECTED}","value":"00000000-0000-0000-0000-000000000000"}`,
    );
  },
);

test("nmi-in-code without --oid leaves tokens to the gate", async () => {
  expect(JSON.stringify(await printed("manifest nmi-in-code"))).not.toContain(EXPECTED);
});

const TOKEN = ["--scope", "https://vault.azure.net/.default"];

test("token-init and arm-init wait with the command line, and probe nothing", async () => {
  const commands = { "token-init": ["wait", "token", ...TOKEN], "arm-init": ["wait", "arm"] };
  for (const [name, command] of Object.entries(commands)) {
    const { spec } = await printed(`manifest ${name}`);
    expect(spec.initContainers?.map((each) => each.command)).toEqual([["azure-identity-guard", ...command]]);
    expect(spec.containers[0]).not.toHaveProperty("readinessProbe");
  }
});

test("token-exec-probes gives up before the kubelet does", async () => {
  const { spec } = await printed("manifest token-exec-probes");
  const exec = { command: ["azure-identity-guard", "check", "token", ...TOKEN, "--timeout", "4s"] };
  expect(spec.containers[0]).toMatchObject({
    startupProbe: { exec, timeoutSeconds: 5, periodSeconds: 5 },
    readinessProbe: { exec, timeoutSeconds: 5, ...READINESS },
    livenessProbe: { exec, timeoutSeconds: 5, ...LIVENESS },
  });
});

test("token-in-code warms up, and asks the application", async () => {
  const { spec } = await printed("manifest token-in-code");
  expect(spec.containers[0]).toMatchObject({
    readinessProbe: { httpGet: { path: "/readyz" }, ...READINESS },
  });
  expect(spec.containers[0]?.env).toContainEqual({ name: WARM_UP, value: TOKEN[1] });
});

const WARM_UP = "AZURE_IDENTITY_GUARD_WARM_UP_SCOPES";

test("sidecar serves beside the application, which has no probe of the identity", async () => {
  const { spec } = await printed("manifest sidecar --port 9000");
  expect(spec.initContainers).toMatchObject([
    {
      command: ["azure-identity-guard", "serve", "--port", "9000"],
      restartPolicy: "Always",
      ports: [{ name: "probes", containerPort: 9000 }],
      startupProbe: { httpGet: { path: "/startupz", port: "probes" } },
      readinessProbe: { httpGet: { path: "/readyz", port: "probes" }, ...READINESS },
      livenessProbe: { httpGet: { path: "/livez", port: "probes" }, ...LIVENESS },
    },
  ]);
  expect(spec.initContainers?.[0]?.env).toContainEqual({ name: WARM_UP, value: TOKEN[1] });
  expect(Object.keys(spec.containers[0] ?? {}).filter((key) => key.endsWith("Probe"))).toEqual([]);
});

test("shell-wget looks at the status alone, as published", async () => {
  const wget = 'wget -qO- "http://$HOST_IP:8085/healthz"';
  const { spec } = await printed("manifest shell-wget");
  expect(spec.initContainers?.[0]?.command).toEqual(["sh", "-c", `until ${wget}; do sleep 1; done`]);
  const exec = { command: ["sh", "-c", wget] };
  expect(spec.containers[0]).toMatchObject({
    readinessProbe: { exec, ...READINESS },
    livenessProbe: { exec, ...LIVENESS },
  });
  expect((await run("manifest shell-wget")).said.join("\n")).toContain("Not Active");
});

test("without a strategy, each is named with what it catches", async () => {
  const { complained } = await run("manifest");
  const lines = complained.slice(1, -1);
  expect(lines.map((line) => /^ {2}([\w-]+) {2,}\S.{20,}$/u.exec(line)?.[1])).toEqual(STRATEGY_NAMES);
});

test.each([
  ["manifest", "manifest: STRATEGY is missing; one of"],
  ["manifest nmi-inti", "manifest: nmi-inti is no strategy; did you mean nmi-init?"],
  ["manifest constructor", `manifest: constructor is no strategy; one of ${STRATEGY_NAMES.join(", ")}`],
  ["manifest nmi-init nmi-in-code", "manifest: nmi-in-code is one word too many"],
  ["manifest nmi-init --oid app", "manifest: --oid is app; expected the identity's principal ID, a GUID"],
  ["manifest nmi-init --port 0", "manifest: --port is 0; expected a port, 1 to 65535"],
])("%s is refused", async (line, problem) => {
  const { code, said, complained } = await run(line);
  expect({ code, said, problem: complained[0] }).toEqual({ code: 2, said: [], problem });
});

describe("YAML", () => {
  test("quotes what could be something else than a text", () => {
    const texts = [
      "a",
      "a b",
      "1",
      "1e3",
      "true",
      "No",
      "null",
      "~",
      "",
      "-",
      "--flag",
      "a: b",
      "a #b",
      "x:",
      "é",
      '"',
      'a "b"',
      `"'`,
      '"\\',
      "2s",
      "/a/b",
    ];
    const document = Object.fromEntries(texts.map((text, index) => [`key${index}`, text]));
    expect(
      writeYaml(document)
        .split("\n")
        .map((line) => line.replace(/^key\d+: /u, "")),
    ).toEqual([
      "a",
      '"a b"',
      '"1"',
      '"1e3"',
      '"true"',
      '"No"',
      '"null"',
      '"~"',
      '""',
      '"-"',
      "--flag",
      '"a: b"',
      '"a #b"',
      '"x:"',
      '"é"',
      `'"'`,
      `'a "b"'`,
      `"\\"'"`,
      `'"\\'`,
      '"2s"',
      "/a/b",
    ]);
  });

  test("has comments where they belong, which are no part of the data", () => {
    const document: YamlMap = {
      "# on top": "",
      list: [{ "# of the item": "", a: 1, "# of b": "", b: { c: true } }, { a: 2 }],
      "# of the flow": "",
      flow: ["x", 1],
      none: {},
    };
    expect(writeYaml(document)).toBe(
      [
        "# on top",
        "list:",
        "  # of the item",
        "  - a: 1",
        "    # of b",
        "    b:",
        "      c: true",
        "  - a: 2",
        "# of the flow",
        "flow: [x, 1]",
        "none: {}",
      ].join("\n"),
    );
    expect(withoutComments(document)).toEqual({
      list: [{ a: 1, b: { c: true } }, { a: 2 }],
      flow: ["x", 1],
      none: {},
    });
  });

  // YAML 1.1, as Kubernetes reads it.
  const python = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))";
  const hasParser = spawnSync("python3", ["-c", "import yaml"]).status === 0;

  test.skipIf(!hasParser).each(STRATEGY_NAMES)(
    "of %s is read by others as what it is (PyYAML, where it is there)",
    (name) => {
      const pod = STRATEGIES[name]({ image: "a:1", cliImage: "b:1", oid: OID, port: 1 });
      const { stdout } = spawnSync("python3", ["-c", python], { input: writeYaml(pod), encoding: "utf8" });
      expect(JSON.parse(stdout) as Yaml).toEqual(withoutComments(pod));
    },
  );
});
