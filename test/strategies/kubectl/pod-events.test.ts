import { describe, expect, test } from "vitest";
import type { ContainerStatusJson, PodJson } from "./kubernetes-types.js";
import { createEventReader, createPodReader, tokenEventOf } from "./pod-events.js";

function pod(
  containerStatuses: readonly ContainerStatusJson[],
  conditions: Record<string, string> = {},
): PodJson {
  const listed = Object.entries(conditions).map(([type, status]) => ({ type, status }));
  return { metadata: { name: "app" }, status: { conditions: listed, containerStatuses } };
}

const running: ContainerStatusJson = { name: "app", restartCount: 0, state: { running: {} } };
const shown = { kind: "container", container: "app", init: false, restartCount: 0 };

describe("states of a pod", () => {
  test("are told once, however often they are seen", () => {
    const read = createPodReader();
    const seen = pod([running], { Ready: "True", PodScheduled: "True" });
    expect(read(seen)).toEqual([
      { ...shown, state: "running" },
      { kind: "condition", condition: "Ready", status: true },
    ]);
    expect(read(seen)).toEqual([]);
    expect(read(pod([running], { Ready: "Unknown" }))).toEqual([
      { kind: "condition", condition: "Ready", status: false },
    ]);
  });

  test("have the Kubernetes API's own words", () => {
    const read = createPodReader();
    const terminated = { exitCode: 1, reason: "Error", message: "not for the timeline" };
    expect(read(pod([{ ...running, state: { terminated } }]))).toEqual([
      { ...shown, state: "terminated", reason: "Error", exitCode: 1 },
    ]);
    const waiting = { reason: "CrashLoopBackOff", message: "back-off 10s" };
    expect(read(pod([{ ...running, state: { waiting } }]))).toEqual([
      { ...shown, state: "waiting", reason: "CrashLoopBackOff" },
    ]);
    expect(read(pod([{ name: "app", restartCount: 0 }]))).toEqual([{ ...shown, state: "waiting" }]);
  });

  test("include the end of a container that runs again before anybody looked", () => {
    const read = createPodReader();
    read(pod([running]));
    const lastState = { terminated: { exitCode: 137, reason: "Error" } };
    expect(read(pod([{ ...running, restartCount: 1, lastState }]))).toEqual([
      { ...shown, state: "terminated", reason: "Error", exitCode: 137 },
      { ...shown, state: "running", restartCount: 1 },
    ]);
  });

  test("tell an end that was seen no second time", () => {
    const read = createPodReader();
    const terminated = { exitCode: 1, reason: "Error" };
    read(pod([running]));
    read(pod([{ ...running, state: { terminated } }]));
    expect(read(pod([{ ...running, restartCount: 1, lastState: { terminated } }]))).toEqual([
      { ...shown, state: "running", restartCount: 1 },
    ]);
  });

  test("name init containers", () => {
    const status = { initContainerStatuses: [{ ...running, name: "wait" }] };
    expect(createPodReader()({ metadata: { name: "app" }, status })).toEqual([
      { ...shown, container: "wait", init: true, state: "running" },
    ]);
    expect(createPodReader()({ metadata: { name: "app" } })).toEqual([]);
  });
});

describe("events", () => {
  const event = {
    metadata: { name: "app.1", uid: "1" },
    reason: "Unhealthy",
    involvedObject: { fieldPath: "spec.containers{app}" },
  };

  test.each([
    ["Startup probe failed: ", "startup"],
    ["Readiness probe failed: HTTP probe failed with statuscode: 503", "readiness"],
    ["Liveness probe errored: rpc error", "liveness"],
  ])("%s is a failed probe", (message, probe) => {
    expect(createEventReader()({ ...event, message })).toEqual([
      { kind: "probe", container: "app", probe, success: false },
    ]);
  });

  test("are told again only when they were counted again", () => {
    const read = createEventReader();
    const message = "Readiness probe failed: ";
    expect(read({ ...event, message })).toHaveLength(1);
    expect(read({ ...event, message, count: 1 })).toEqual([]);
    expect(read({ ...event, message, count: 2 })).toHaveLength(1);
  });

  test("of other kinds are nothing", () => {
    const read = createEventReader();
    expect(read({ ...event, reason: "Pulled", message: "Readiness probe failed: " })).toEqual([]);
    expect(read({ ...event, message: "something else" })).toEqual([]);
    expect(read({ metadata: { name: "x" } })).toEqual([]);
  });
});

describe("lines of a log", () => {
  test("say whose token it is", () => {
    expect(tokenEventOf('{"token":"wrong"}')).toEqual({ kind: "token", identity: "wrong" });
    expect(tokenEventOf('{"token":"right"}\r')).toEqual({ kind: "token", identity: "right" });
  });

  test.each(['{"token":"eyJhbGciOi"}', '{"token":"right","more":1}', "token: right", ""])(
    "%s says nothing",
    (line) => expect(tokenEventOf(line)).toBeUndefined(),
  );
});
