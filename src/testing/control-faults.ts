import {
  anything,
  anyText,
  durationMs,
  integer,
  listOf,
  mapOf,
  object,
  objectOf,
  oneOf,
  optional,
  text,
} from "./control-fields.js";
import type { Reader } from "./control-fields.js";
import type { FaultRequest } from "./fault-script.js";
import type { Fault, FaultTarget } from "./faults.js";

/** Those of a node. */
export const faultTarget: Reader<FaultTarget> = oneOf("nmi", "imds", "health", "metadata");

const status = integer(200, 599);
// The simulator keeps the body in memory.
const bytes = integer(0, 256 * 1024 * 1024);

const kind = oneOf("delay", "hold", "hang", "reset", "truncate", "garbage", "huge", "status", "headers");

/** One row for each kind of fault; the compiler holds it against {@link Fault}. */
const FAULTS: { readonly [K in Fault["kind"]]: Reader<Extract<Fault, { kind: K }>> } = {
  delay: object({ kind: oneOf("delay"), ms: durationMs }),
  hold: object({ kind: oneOf("hold") }),
  hang: object({ kind: oneOf("hang") }),
  reset: object({ kind: oneOf("reset"), afterBytes: optional(bytes) }),
  truncate: object({ kind: oneOf("truncate"), afterBytes: optional(bytes) }),
  garbage: object({ kind: oneOf("garbage"), status: optional(status), contentType: optional(text) }),
  huge: object({ kind: oneOf("huge"), bytes: optional(bytes) }),
  status: object({
    kind: oneOf("status"),
    status,
    headers: optional(mapOf(anyText)),
    body: optional(anything),
  }),
  headers: object({ kind: oneOf("headers"), set: optional(mapOf(anyText)), remove: optional(listOf(text)) }),
};

const oneFault: Reader<Fault> = (value, field) => {
  const given = objectOf(value, field);
  return FAULTS[kind(given["kind"], `${field}.kind`)](given, field);
};

/** One fault, or several that apply together. */
export const faults: Reader<readonly Fault[]> = (value, field) =>
  Array.isArray(value) ? listOf(oneFault)(value, field) : [oneFault(value, field)];

const readMatch = object({
  pathPrefix: optional(text),
  sourceAddress: optional(text),
  query: optional(mapOf(anyText)),
});

/** What JSON can say of the requests that meet a fault; all that is said must hold. */
export const faultMatch: Reader<(request: FaultRequest) => boolean> = (value, field) => {
  const { pathPrefix = "", sourceAddress, query = {} } = readMatch(value, field);
  return (request) =>
    request.path.startsWith(pathPrefix) &&
    (sourceAddress === undefined || request.sourceAddress === sourceAddress) &&
    Object.entries(query).every(([name, wanted]) => request.query.get(name) === wanted);
};
