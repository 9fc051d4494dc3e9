import { describe, expect, test } from "vitest";
import { STRATEGIES } from "../../../src/cli/manifests/strategies.js";
import { STRATEGY_NAMES } from "../../../src/cli/manifests/strategy-names.js";
import { writeYaml } from "../../../src/cli/manifests/yaml.js";
import { readPod } from "./manifest.js";
import { ManifestError } from "./read-fields.js";

const withContainer = (fields: string, spec = ""): string =>
  `{ apiVersion: v1, kind: Pod, metadata: { name: app }, spec: { containers: [{ name: app, image: app ${fields} }] ${spec} } }`;

test.each(STRATEGY_NAMES)("the command line's own manifest of %s is read", (name) => {
  const values = { image: "app", cliImage: "cli", oid: undefined, port: 8086 };
  expect(readPod(writeYaml(STRATEGIES[name](values))).metadata.name).toBe("app");
});

test("the pod is found among other documents", () => {
  const { metadata } = readPod(`kind: AzureIdentity\n---\n${withContainer("")}\n---\nkind: Service\n`);
  expect(metadata).toEqual({ name: "app", namespace: "default", labels: {}, annotations: {} });
});

// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
test("what is not given has the API's defaults", () => {
  const pod = readPod(withContainer(", livenessProbe: { httpGet: { port: 80 } }"));
  expect(pod).toMatchObject({
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    initContainers: [],
  });
  expect(pod.containers[0]?.livenessProbe).toEqual({
    handler: {
      kind: "httpGet",
      path: "/",
      port: 80,
      host: undefined,
      scheme: "HTTP",
      httpHeaders: [],
    },
    initialDelaySeconds: 0,
    periodSeconds: 10,
    timeoutSeconds: 1,
    successThreshold: 1,
    failureThreshold: 3,
    terminationGracePeriodSeconds: undefined,
  });
});

describe("what nobody acts upon is an error that names it", () => {
  test.each([
    { manifest: withContainer("", ", hostNetwork: true"), names: "spec.hostNetwork" },
    { manifest: withContainer("", ", volumes: []"), names: "spec.volumes" },
    { manifest: withContainer(", lifecycle: {}"), names: "spec.containers[0].lifecycle" },
    { manifest: withContainer(", envFrom: []"), names: "spec.containers[0].envFrom" },
    {
      manifest: withContainer(", livenessProbe: { tcpSocket: { port: 1 } }"),
      names: "livenessProbe.tcpSocket",
    },
    {
      manifest: withContainer(", livenessProbe: { httpGet: { port: 1, scheme: HTTPS } }"),
      names: "livenessProbe.httpGet.scheme",
    },
    {
      manifest: withContainer(", env: [{ name: A, valueFrom: { secretKeyRef: {} } }]"),
      names: "env[0].valueFrom.secretKeyRef",
    },
    { manifest: withContainer(", restartPolicy: Always"), names: "spec.containers[0].restartPolicy" },
    {
      manifest: withContainer(
        "",
        ", initContainers: [{ name: a, image: a, readinessProbe: { exec: { command: [a] } } }]",
      ),
      names: "spec.initContainers[0].readinessProbe",
    },
  ])("$names", ({ manifest, names }) => {
    expect(() => readPod(manifest)).toThrow(ManifestError);
    expect(() => readPod(manifest)).toThrow(names);
  });
});

describe("what the API refuses is refused", () => {
  test.each([
    {
      fields: ", livenessProbe: { exec: { command: [a] }, successThreshold: 2 }",
      names: "livenessProbe.successThreshold",
    },
    {
      fields: ", startupProbe: { exec: { command: [a] }, successThreshold: 2 }",
      names: "startupProbe.successThreshold",
    },
    {
      fields: ", readinessProbe: { exec: { command: [a] }, periodSeconds: 0 }",
      names: "readinessProbe.periodSeconds",
    },
    {
      fields: ", readinessProbe: { exec: { command: [a] }, terminationGracePeriodSeconds: 3 }",
      names: "readinessProbe.terminationGracePeriodSeconds",
    },
    { fields: ", readinessProbe: { periodSeconds: 5 }", names: "readinessProbe: exec or httpGet" },
    { fields: ", command: run", names: "command: a list" },
    { fields: ", env: [{ name: A, value: 1 }]", names: "env[0].value: a string" },
  ])("$names", ({ fields, names }) => {
    expect(() => readPod(withContainer(fields))).toThrow(names);
  });

  test.each(["kind: Service", `${withContainer("")}\n---\n${withContainer("")}`, "a: [", ""])(
    "%j",
    (manifest) => {
      expect(() => readPod(manifest)).toThrow(ManifestError);
    },
  );
});

test("fields without effect are accepted where they are named", () => {
  const fields = ", resources: { limits: { memory: 1Mi } }, securityContext: { runAsNonRoot: true }";
  expect(readPod(withContainer(fields)).containers[0]?.name).toBe("app");
});
