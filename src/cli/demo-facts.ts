import type {
  DemoEvent,
  GotError,
  GotToken,
  RequestSent,
  Service,
  Started,
  StepName,
} from "./demo-events.js";

/** What one service did with one resource. */
export interface ResourceFacts {
  /** In the order of their arrival. */
  readonly tokens: readonly JudgedToken[];
  readonly errors: readonly GotError[];
}

/** A token as its caller got it, and whose it was. */
export interface JudgedToken extends GotToken {
  readonly right: boolean;
  /** No token request of this service for this resource arrived while the caller waited. */
  readonly cached: boolean;
}

/** What happened, read from the events alone. */
export interface DemoFacts {
  readonly start: Started | undefined;
  /** When a step began, in milliseconds since the Unix epoch. */
  at(step: StepName): number | undefined;
  of(who: Service, resource: string): ResourceFacts;
  /** All tokens that callers of this service got. */
  tokens(who: Service): readonly JudgedToken[];
  errors(who: Service): readonly GotError[];
  requests(who: Service, what: RequestSent["what"]): readonly RequestSent[];
}

/** Reads the events of a run, or of a run so far. */
export function demoFacts(events: readonly DemoEvent[]): DemoFacts {
  const start = events.find((event) => event.type === "start");
  const requests = events.filter((event) => event.type === "request");
  const errors = events.filter((event) => event.type === "error");
  const tokens = events
    .filter((event) => event.type === "token")
    .map((token): JudgedToken => ({
      ...token,
      right: start !== undefined && token.objectId === start.pod.objectId,
      cached: !requests.some((request) => isFor(request, token)),
    }));
  return {
    start,
    at: (step) => events.find((event) => event.type === "step" && event.name === step)?.at,
    of: (who, resource) => ({
      tokens: tokens.filter((token) => token.who === who && token.resource === resource),
      errors: errors.filter((error) => error.who === who && error.resource === resource),
    }),
    tokens: (who) => tokens.filter((token) => token.who === who),
    errors: (who) => errors.filter((error) => error.who === who),
    requests: (who, what) => requests.filter((request) => request.who === who && request.what === what),
  };
}

/** Whether `request` may have brought `token`: same service, same resource, sent while the caller waited. */
function isFor(request: RequestSent, token: GotToken): boolean {
  return (
    request.what === "token" &&
    request.who === token.who &&
    request.resource === token.resource &&
    request.at >= token.askedAt &&
    request.at <= token.at
  );
}
