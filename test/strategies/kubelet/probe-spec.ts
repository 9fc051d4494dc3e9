import {
  either,
  listOf,
  ManifestError,
  object,
  oneOf,
  optional,
  text,
  usually,
  whole,
  type Read,
} from "./read-fields.js";

export type ProbeName = "startup" | "readiness" | "liveness";

/** A probe of a container, with the defaults of the Kubernetes API filled in. Times are in seconds. */
export interface ProbeSpec {
  readonly handler: ExecProbe | HttpProbe;
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
  /** Where given, it takes the pod's place when this probe has the container killed. */
  readonly terminationGracePeriodSeconds: number | undefined;
}

export interface ExecProbe {
  readonly kind: "exec";
  readonly command: readonly string[];
}

export interface HttpProbe {
  readonly kind: "httpGet";
  readonly path: string;
  /** A number, or the name of a port of the container. */
  readonly port: number | string;
  /** Where not the pod's own address. */
  readonly host: string | undefined;
  readonly httpHeaders: readonly { readonly name: string; readonly value: string }[];
}

const fields = object({
  exec: optional(object({ command: listOf(text) })),
  httpGet: optional(
    object({
      path: usually(text, "/"),
      port: either((value) => typeof value === "number", whole(1), text),
      host: optional(text),
      scheme: usually(oneOf("HTTP"), "HTTP"),
      httpHeaders: usually(listOf(object({ name: text, value: text })), []),
    }),
  ),
  // https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#configure-probes
  initialDelaySeconds: usually(whole(0), 0),
  periodSeconds: usually(whole(1), 10),
  timeoutSeconds: usually(whole(1), 1),
  successThreshold: usually(whole(1), 1),
  failureThreshold: usually(whole(1), 3),
  terminationGracePeriodSeconds: optional(whole(1)),
});

export const probe =
  (name: ProbeName): Read<ProbeSpec> =>
  (value, at) => {
    const { exec, httpGet, ...times } = fields(value, at);
    const handlers = [
      ...(exec === undefined ? [] : [{ kind: "exec" as const, command: exec.command }]),
      ...(httpGet === undefined ? [] : [{ kind: "httpGet" as const, ...httpGet }]),
    ];
    const [handler, ...more] = handlers;
    if (handler === undefined || more.length > 0)
      throw new ManifestError(`${at}: exec or httpGet is expected here`);
    if (name !== "readiness" && times.successThreshold !== 1) {
      throw new ManifestError(`${at}.successThreshold: 1 is the only value for ${name}`);
    }
    if (name === "readiness" && times.terminationGracePeriodSeconds !== undefined) {
      throw new ManifestError(`${at}.terminationGracePeriodSeconds: a readiness probe kills nothing`);
    }
    return { handler, ...times };
  };
