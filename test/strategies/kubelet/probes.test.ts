import { describe, expect, test } from "vitest";
import { PodOnTrial } from "./pod-on-trial.js";

// https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/ (below: "Configure
// probes") and https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes (below: "Container probes").

const pod = (probes: string, more = ""): PodOnTrial =>
  new PodOnTrial(
    `{ containers: [{ name: app, image: app, ports: [{ name: web, containerPort: 8086 }], ${probes} }] ${more} }`,
  );

const exec = (name: string, times = ""): string => `${name}Probe: { exec: { command: [${name}] } ${times} }`;

describe("times of a probe (Configure probes)", () => {
  test("initialDelaySeconds is waited for once, periodSeconds between probes", async () => {
    const trial = pod(exec("readiness", ", initialDelaySeconds: 7, periodSeconds: 3"));
    await trial.seconds(14);
    expect(trial.take(/exec/u)).toEqual([
      "7 exec readiness in app",
      "10 exec readiness in app",
      "13 exec readiness in app",
    ]);
  });

  test("a delay that is shorter than the period is none", async () => {
    const trial = pod(exec("readiness", ", initialDelaySeconds: 7, periodSeconds: 8"));
    await trial.seconds(9);
    expect(trial.take(/exec/u)).toEqual(["0 exec readiness in app", "8 exec readiness in app"]);
  });

  test("by default there is no delay, and a period of 10 s", async () => {
    const trial = pod(exec("readiness"));
    await trial.seconds(21);
    expect(trial.take(/exec/u).map((line) => line.split(" ")[0])).toEqual(["0", "10", "20"]);
  });

  test("by default a probe takes 1 s at most, and more is a failure", async () => {
    const trial = pod(exec("readiness", ", failureThreshold: 1"));
    trial.answers["readiness"] = undefined;
    await trial.seconds(2);
    expect(trial.take(/readiness of/u)).toEqual(["1 readiness of app failed"]);
  });

  test("timeoutSeconds is how long a probe may take", async () => {
    const trial = pod(exec("readiness", ", timeoutSeconds: 4"));
    trial.answers["readiness"] = undefined;
    await trial.seconds(5);
    expect(trial.take(/readiness of/u)).toEqual(["4 readiness of app failed"]);
  });

  // Not in the documentation: pkg/kubelet/prober/worker.go probes by a ticker, which keeps one tick for a worker that is late.
  test("a probe longer than its period is followed by the next at once, and never runs twice at a time", async () => {
    const trial = pod(exec("readiness", ", periodSeconds: 2, timeoutSeconds: 5"));
    trial.answers["readiness"] = undefined;
    await trial.seconds(9);
    expect(trial.take(/readiness of|exec/u)).toEqual([
      "0 exec readiness in app",
      "5 readiness of app failed",
      "5 exec readiness in app",
    ]);
  });
});

describe("thresholds (Configure probes)", () => {
  test("failureThreshold failures in a row, and a success begins the count anew", async () => {
    const trial = pod(exec("readiness", ", periodSeconds: 1, failureThreshold: 3"));
    await trial.seconds(0);
    trial.answers["readiness"] = 1;
    await trial.seconds(2);
    trial.answers["readiness"] = 0;
    await trial.seconds(1);
    trial.answers["readiness"] = 1;
    await trial.seconds(3);
    expect(trial.take(/ Ready| not Ready/u)).toEqual(["0 not Ready", "0 Ready", "6 not Ready"]);
  });

  test("by default three failures count", async () => {
    const trial = pod(exec("readiness", ", periodSeconds: 1"));
    await trial.seconds(0);
    trial.answers["readiness"] = 1;
    await trial.seconds(3);
    expect(trial.take(/not Ready/u)).toEqual(["0 not Ready", "3 not Ready"]);
  });

  test("successThreshold successes in a row make a container ready", async () => {
    const trial = pod(exec("readiness", ", periodSeconds: 1, successThreshold: 3"));
    await trial.seconds(3);
    expect(trial.take(/ Ready/u)).toEqual(["0 not Ready", "2 Ready"]);
  });
});

describe("httpGet (Configure probes)", () => {
  test.each([
    { status: 199, verdict: "failed" },
    { status: 200, verdict: "passed" },
    { status: 399, verdict: "passed" },
    { status: 400, verdict: "failed" },
    { status: 503, verdict: "failed" },
  ])("$status has $verdict", async ({ status, verdict }) => {
    const trial = pod("readinessProbe: { httpGet: { path: /readyz, port: 8086 } }");
    trial.answers["/readyz"] = status;
    await trial.seconds(0);
    expect(trial.take(/readiness of/u)).toEqual([`0 readiness of app ${verdict}`]);
  });

  test("goes to the pod's own address, to a port by number or by name", async () => {
    const numbered = pod("readinessProbe: { httpGet: { path: /readyz, port: 80 } }");
    const named = pod("readinessProbe: { httpGet: { path: readyz, port: web } }");
    await Promise.all([numbered.seconds(0), named.seconds(0)]);
    expect([...numbered.urls, ...named.urls]).toEqual([
      "http://10.240.0.30:80/readyz",
      "http://10.240.0.30:8086/readyz",
    ]);
  });

  test("goes to another host where the manifest says so", async () => {
    const trial = pod("readinessProbe: { httpGet: { host: 10.240.0.4, port: 8085 } }");
    await trial.seconds(0);
    expect(trial.urls).toEqual(["http://10.240.0.4:8085/"]);
  });
});

describe("exec (Container probes)", () => {
  test.each([
    { exitCode: 0, verdict: "passed" },
    { exitCode: 1, verdict: "failed" },
    { exitCode: 2, verdict: "failed" },
  ])("exit code $exitCode has $verdict", async ({ exitCode, verdict }) => {
    const trial = pod(exec("readiness"));
    trial.answers["readiness"] = exitCode;
    await trial.seconds(0);
    expect(trial.take(/readiness of/u)).toEqual([`0 readiness of app ${verdict}`]);
  });

  // Not in the documentation: ExpandContainerCommandOnlyStatic of pkg/kubelet/container/helpers.go, which
  // pkg/kubelet/prober/prober.go calls, expands neither what is in values nor what comes from fields.
  test.each([
    { word: "$(PORT)", becomes: "8086" },
    { word: "http://$(NEXT)", becomes: "http://$(PORT)1" },
    { word: "at=$(HOST_IP)", becomes: "at=" },
    { word: "$(NONE)", becomes: "$(NONE)" },
    { word: "$$(PORT)", becomes: "$(PORT)" },
  ])("$word of its command becomes $becomes", async ({ word, becomes }) => {
    const env = `env: [{ name: PORT, value: "8086" }, { name: NEXT, value: "$(PORT)1" }, { name: HOST_IP, valueFrom: { fieldRef: { fieldPath: status.hostIP } } }]`;
    const trial = pod(`${env}, readinessProbe: { exec: { command: [check, "${word}"] } }`);
    await trial.seconds(0);
    expect(trial.take(/exec/u)).toEqual([`0 exec check ${becomes} in app`]);
  });
});

describe("the startup probe (Container probes)", () => {
  test("keeps the others from running until it has succeeded, and then runs no more", async () => {
    const trial = pod(
      `${exec("startup", ", periodSeconds: 5, failureThreshold: 60")}, ${exec("readiness", ", periodSeconds: 5")}, ${exec("liveness", ", initialDelaySeconds: 6, periodSeconds: 6")}`,
    );
    trial.answers["startup"] = 1;
    await trial.seconds(9);
    expect(trial.take(/readiness in|liveness in/u)).toEqual([]);
    trial.answers["startup"] = 0;
    await trial.seconds(7);
    // "liveness and readiness probe delays do not begin until the startup probe has succeeded" (initialDelaySeconds). The kubelet
    // itself would ask for liveness with no delay: pkg/kubelet/prober/worker.go counts the 6 s from the container's start.
    expect(trial.take(/exec/u)).toEqual([
      "10 exec startup in app",
      "10 exec readiness in app",
      "15 exec readiness in app",
      "16 exec liveness in app",
    ]);
  });

  test("kills the container, which is subject to the restart policy, where it never succeeds", async () => {
    const trial = pod(exec("startup", ", periodSeconds: 5, failureThreshold: 3"), ", restartPolicy: Never");
    trial.answers["startup"] = 1;
    await trial.seconds(10);
    expect(trial.take(/SIG|terminated/u)).toEqual(["10 SIGTERM app", "10 app terminated (Error 143) #0"]);
    await expect(trial.ended).resolves.toBe("Failed");
  });
});

describe("the liveness probe (Container probes)", () => {
  const LIVENESS = exec("liveness", ", initialDelaySeconds: 30, periodSeconds: 5, failureThreshold: 5");

  test("kills the container at the threshold, and it is started again", async () => {
    const trial = pod(LIVENESS);
    trial.answers["liveness"] = 1;
    await trial.seconds(50);
    expect(trial.take(/SIG|start app|terminated|running/u)).toEqual([
      "0 start app",
      "0 app running #0",
      "50 SIGTERM app",
      "50 app terminated (Error 143) #0",
      "50 start app",
      "50 app running #1",
    ]);
  });

  test("after the restart begins anew, with its delay and without the failures from before", async () => {
    const trial = pod(LIVENESS);
    trial.answers["liveness"] = 1;
    await trial.seconds(50);
    trial.take(/./u);
    await trial.seconds(49);
    expect(trial.take(/exec|SIG/u)).toEqual(
      ["80", "85", "90", "95"].map((second) => `${second} exec liveness in app`),
    );
  });

  // https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
  test("sends SIGKILL where SIGTERM has not ended the container within terminationGracePeriodSeconds", async () => {
    const trial = pod(LIVENESS, ", terminationGracePeriodSeconds: 12");
    trial.stubborn.add("app");
    trial.answers["liveness"] = 1;
    await trial.seconds(62);
    expect(trial.take(/SIG|terminated/u)).toEqual([
      "50 SIGTERM app",
      "62 SIGKILL app",
      "62 app terminated (Error 137) #0",
    ]);
  });

  test("the grace is 30 s where nobody gives another", async () => {
    const trial = pod(LIVENESS);
    trial.stubborn.add("app");
    trial.answers["liveness"] = 1;
    await trial.seconds(80);
    expect(trial.take(/SIG/u)).toEqual(["50 SIGTERM app", "80 SIGKILL app"]);
  });

  // "Probe-level terminationGracePeriodSeconds" of Configure probes.
  test("its own terminationGracePeriodSeconds comes before the pod's", async () => {
    const trial = pod(
      exec(
        "liveness",
        ", initialDelaySeconds: 3, periodSeconds: 3, failureThreshold: 1, terminationGracePeriodSeconds: 4",
      ),
    );
    trial.stubborn.add("app");
    trial.answers["liveness"] = 1;
    await trial.seconds(7);
    expect(trial.take(/SIG/u)).toEqual(["3 SIGTERM app", "7 SIGKILL app"]);
  });

  // pkg/kubelet/prober/worker.go, doProbe: "Graceful shutdown of the pod."
  test("asks no more once the pod is to end, and neither does startup; readiness goes on", async () => {
    const probes = ["liveness", "startup", "readiness"].map((name) => {
      const trial = pod(exec(name, ", initialDelaySeconds: 2, periodSeconds: 2, failureThreshold: 2"));
      trial.stubborn.add("app");
      trial.answers[name] = 1;
      return trial;
    });
    for (const trial of probes) {
      await trial.seconds(3);
      const ended = trial.terminate();
      await trial.seconds(30);
      await ended;
    }
    const [liveness, startup, readiness] = probes.map((trial) => trial.take(/exec|SIG/u));
    expect(liveness).toEqual(["2 exec liveness in app", "3 SIGTERM app", "33 SIGKILL app"]);
    expect(startup).toEqual(["2 exec startup in app", "3 SIGTERM app", "33 SIGKILL app"]);
    expect(readiness?.slice(0, 3)).toEqual([
      "2 exec readiness in app",
      "3 SIGTERM app",
      "4 exec readiness in app",
    ]);
  });

  test("leaves readiness alone while it fails", async () => {
    const trial = pod(`${LIVENESS}, ${exec("readiness")}`);
    trial.answers["liveness"] = 1;
    await trial.seconds(49);
    expect(trial.take(/ Ready/u)).toEqual(["0 not Ready", "0 Ready"]);
  });
});

describe("the readiness probe (Container probes)", () => {
  test("before it has succeeded the container is not ready; without one a container is ready as it runs", async () => {
    const late = pod(exec("readiness", ", initialDelaySeconds: 4, periodSeconds: 4"));
    const none = pod("args: []");
    await Promise.all([late.seconds(5), none.seconds(0)]);
    expect(late.take(/ Ready/u)).toEqual(["0 not Ready", "4 Ready"]);
    expect(none.take(/ Ready/u)).toEqual(["0 not Ready", "0 Ready"]);
  });

  test("never ends a container", async () => {
    const trial = pod(exec("readiness", ", periodSeconds: 1"));
    trial.answers["readiness"] = 1;
    await trial.seconds(600);
    expect(trial.take(/SIG|terminated/u)).toEqual([]);
  });

  test("a container that does not run is not ready, and has to show itself anew", async () => {
    const trial = pod(exec("readiness", ", initialDelaySeconds: 2, periodSeconds: 2"));
    await trial.seconds(5);
    await trial.exit("app", 1);
    await trial.seconds(5);
    expect(trial.take(/ Ready/u)).toEqual(["0 not Ready", "2 Ready", "5 not Ready", "7 Ready"]);
  });
});
