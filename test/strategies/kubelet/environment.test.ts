import { describe, expect, test } from "vitest";
import { expand, resolveContainer } from "./environment.js";
import { readPod } from "./manifest.js";

const PLACE = { hostIP: "10.240.0.4", podIP: "10.240.0.30", nodeName: "node", uid: "uid" };

function resolved(container: string): ReturnType<typeof resolveContainer> {
  const manifest = readPod(`
apiVersion: v1
kind: Pod
metadata: { name: app, namespace: team, labels: { tier: back }, annotations: { a.b/c: d } }
spec: { serviceAccountName: robot, containers: [{ name: app, image: app, ${container} }] }`);
  return resolveContainer(manifest.containers[0]!, manifest, PLACE);
}

// https://kubernetes.io/docs/concepts/workloads/pods/downward-api/#available-fields
describe("fieldRef", () => {
  test.each([
    { path: "metadata.name", value: "app" },
    { path: "metadata.namespace", value: "team" },
    { path: "metadata.uid", value: "uid" },
    { path: "metadata.labels['tier']", value: "back" },
    { path: "metadata.annotations['a.b/c']", value: "d" },
    { path: "metadata.labels['none']", value: "" },
    { path: "spec.nodeName", value: "node" },
    { path: "spec.serviceAccountName", value: "robot" },
    { path: "status.hostIP", value: "10.240.0.4" },
    { path: "status.podIP", value: "10.240.0.30" },
  ])("$path", ({ path, value }) => {
    expect(resolved(`env: [{ name: IT, valueFrom: { fieldRef: { fieldPath: "${path}" } } }]`).env).toEqual({
      IT: value,
    });
  });

  test("one that this kubelet does not know is an error that names it", () => {
    const container = "env: [{ name: IT, valueFrom: { fieldRef: { fieldPath: status.phase } } }]";
    expect(() => resolved(container)).toThrow("does not know status.phase");
  });
});

// https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
// and https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
describe("$(NAME)", () => {
  test.each([
    { given: "http://$(HOST):80", becomes: "http://10.0.0.1:80" },
    { given: "$(HOST)$(HOST)", becomes: "10.0.0.110.0.0.1" },
    { given: "$(NONE)", becomes: "$(NONE)" },
    { given: "$$(HOST)", becomes: "$(HOST)" },
    { given: "$HOST", becomes: "$HOST" },
    { given: "${HOST}", becomes: "${HOST}" },
    { given: "$$$(HOST)", becomes: "$10.0.0.1" },
  ])("$given becomes $becomes", ({ given, becomes }) => {
    expect(expand(given, { HOST: "10.0.0.1" })).toBe(becomes);
  });

  test("is a variable that stands before, and not one that comes after", () => {
    const { env } = resolved(
      `env: [{ name: A, value: "1$(C)" }, { name: B, value: "$(A)2" }, { name: C, value: "3" }]`,
    );
    expect(env).toEqual({ A: "1$(C)", B: "1$(C)2", C: "3" });
  });

  test("works in command and args", () => {
    const { command, args } = resolved(
      `command: [run, "$(A)"], args: ["--at=$(A)"], env: [{ name: A, value: here }]`,
    );
    expect({ command, args }).toEqual({ command: ["run", "here"], args: ["--at=here"] });
  });
});
