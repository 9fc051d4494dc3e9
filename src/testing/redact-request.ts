import type { IncomingHttpHeaders } from "node:http";

const REDACTED = "REDACTED";

/** `client_assertion` is one, `client_assertion_type` is not. */
const SECRET_FIELD = /secret|assertion$|_token$|^token$|password|^code$/i;

const SECRET_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  // App Service; Service Fabric and Machine Learning.
  "x-identity-header",
  "secret",
]);

/** The last value of each parameter of a query or a form, but for secrets. */
export function recordedFields(fields: URLSearchParams): Record<string, string> {
  return Object.fromEntries(
    [...fields].map(([name, value]) => [name, SECRET_FIELD.test(name) ? REDACTED : value]),
  );
}

/** The same headers, but for secrets. */
export function recordedHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, SECRET_HEADERS.has(name) ? REDACTED : value]),
  );
}
