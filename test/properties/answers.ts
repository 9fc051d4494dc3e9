import { jwt, opaque, RIGHT, WRONG } from "./tokens.js";
import type { AnswerKind, Route } from "./schedule.js";

/** A token as its issuer knows it. */
export interface Issued {
  readonly text: string;
  readonly oid: string | undefined;
  /** Who issued it, as far as the answer shows. */
  readonly shows: "nmi" | "imds" | "proxy" | "unknown";
  /** Milliseconds since the Unix epoch. */
  readonly expiresOn: number;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly issued?: Issued;
  readonly retryAfterMs?: number;
}

/** What an answer is made of. */
export interface Circumstances {
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** Different for each token. */
  readonly serial: number;
  readonly route: Route;
}

const SERVER: Readonly<Partial<Record<Route, string>>> = {
  imds: "IMDS/150.870.65.1854",
  proxy: "azure-workload-identity/proxy/v1.6.0 (linux/amd64) abc/2026",
  disguised: "envoy",
};

const DAY = 86_400_000;

interface TokenForm {
  readonly oid?: string;
  readonly lifeMs: number;
  readonly imdsBody?: boolean;
}

const TOKENS: Readonly<Partial<Record<AnswerKind, TokenForm>>> = {
  right: { oid: RIGHT, lifeMs: DAY },
  "wrong-oid": { oid: WRONG, lifeMs: DAY },
  "right-short": { oid: RIGHT, lifeMs: 31_000 },
  "right-minutes": { oid: RIGHT, lifeMs: 200_000 },
  expired: { oid: RIGHT, lifeMs: -5_000 },
  "under-30s": { oid: RIGHT, lifeMs: 29_000 },
  opaque: { lifeMs: DAY },
  "right-with-imds-body": { oid: RIGHT, lifeMs: DAY, imdsBody: true },
};

interface ErrorForm {
  readonly status: number;
  /** `ECHO` stands for a whole token response. */
  readonly body: string;
  readonly retryAfter?: string;
}

const embedded = (status: number): string =>
  `adal: Refresh request failed. Status Code = '${status}'. Response body: {"error":"x","error_description":"y"} Endpoint http://169.254.169.254/`;

const ERRORS: Readonly<Partial<Record<AnswerKind, ErrorForm>>> = {
  "400-multiple": {
    status: 400,
    body: '{"error":"invalid_request","error_description":"Multiple user assigned identities exist, please specify"}',
  },
  "400-identity-not-found": {
    status: 400,
    body: '{"error":"invalid_request","error_description":"Identity not found"}',
  },
  "403-embedded-400": { status: 403, body: embedded(400) },
  "403-embedded-429": { status: 403, body: embedded(429) },
  "403-echo": {
    status: 403,
    body: "adal: Failed to unmarshal the service principal token during refresh. Response body: ECHO Endpoint x",
  },
  "404-created": {
    status: 404,
    body: "getting assigned identities for pod default/app in CREATED state failed after 16 attempts\n",
  },
  "404-none-found": { status: 404, body: "no azure identity found for request clientID\n" },
  "410": { status: 410, body: "" },
  "429": { status: 429, body: "{}" },
  "429-retry-after-3": { status: 429, body: "{}", retryAfter: "3" },
  "429-retry-after-huge": { status: 429, body: "{}", retryAfter: "999999999" },
  "500": { status: 500, body: "pod list is empty\n" },
  "500-echo": { status: 500, body: "panic while writing ECHO and ECHO" },
  "503-retry-after-20": {
    status: 503,
    body: "getting assigned identities for pod default/app in ASSIGNED state",
    retryAfter: "20",
  },
  "garbage-echo": { status: 200, body: "<html>ECHO" },
};

/** The answer to a token request; `hang` is none at all. `issue` hears of every token that leaves the plane. */
export function answerTo(
  kind: AnswerKind,
  { now, serial, route }: Circumstances,
  issue: (token: Issued) => void,
): Answer | Error | "hang" {
  if (kind === "hang" || route === "hangs") return "hang";
  if (kind === "reset") return connectionError("ECONNRESET");
  if (route === "refused") return connectionError();
  const server = SERVER[route];
  const headers = server === undefined ? {} : { server };
  const shows = route === "disguised" ? "unknown" : route;
  const form = TOKENS[kind];
  if (form !== undefined) {
    const fromImds = route === "imds" || form.imdsBody === true;
    // The proxy names itself, whatever its body.
    const by = fromImds && shows !== "proxy" ? "imds" : shows;
    const { body, issued } = tokenResponse(form, now, serial, fromImds, by);
    issue(issued);
    return { status: 200, body, headers, issued };
  }
  const { status, body, retryAfter } = ERRORS[kind] ?? { status: 500, body: "" };
  const echo = tokenResponse({ oid: WRONG, lifeMs: DAY }, now, serial, false, shows);
  if (body.includes("ECHO")) issue(echo.issued);
  return {
    status,
    body: body.replaceAll("ECHO", echo.body),
    headers: retryAfter === undefined ? headers : { ...headers, "retry-after": retryAfter },
    ...(retryAfter === undefined ? {} : { retryAfterMs: Number(retryAfter) * 1_000 }),
  };
}

function tokenResponse(
  { oid, lifeMs }: TokenForm,
  now: number,
  serial: number,
  imdsBody: boolean,
  shows: Issued["shows"],
): { readonly body: string; readonly issued: Issued } {
  const expiresOn = Math.floor((now + lifeMs) / 1000) * 1000;
  const text = oid === undefined ? opaque(serial) : jwt(oid, expiresOn, serial);
  const body = JSON.stringify({
    access_token: text,
    expires_on: String(expiresOn / 1000),
    resource: "r",
    token_type: "Bearer",
    ...(imdsBody ? { client_id: "x", ext_expires_in: "86399" } : { refresh_token: "" }),
  });
  return { body, issued: { text, oid, shows, expiresOn } };
}

/** Node's error of a connection that failed. */
export function connectionError(code = "ECONNREFUSED"): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}
