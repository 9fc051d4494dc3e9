import type { DemoEvent, StepName } from "./demo-events.js";
import { demoFacts, type JudgedToken } from "./demo-facts.js";
import { wrap, type Paint, type Tone } from "./demo-paint.js";
import { ANSWERER_WORDS, gateWords, hours, resourceWords, seconds, STEP_WORDS } from "./demo-words.js";

/** Columns of a terminal of the usual width, and those that time and name take of them. */
const WIDTH = 80;
const MARGIN = 17;

const WHO: Readonly<Record<DemoEvent["who"], { readonly word: string; readonly tone: Tone }>> = {
  node: { word: "node", tone: "node" },
  plain: { word: "plain", tone: "sdk" },
  guarded: { word: "guard", tone: "guard" },
};

/** After these steps an answer is told again though it is the same as before. */
const TOLD_AGAIN: ReadonlySet<StepName> = new Set([
  "nmi-active",
  "identity-assigned",
  "nmi-exits",
  "nmi-active-again",
]);

/** What stands above the first event. */
export function timelineHead(paint: Paint): string[] {
  return [
    paint("strong", "On a new node, a pod that asks for a token too early gets somebody else's."),
    "plain: @azure/identity as it is; guard: azure-identity-guard in its place",
    "",
    paint("dim", "    time  who    what was seen and done"),
  ];
}

interface Said {
  readonly text: string;
  readonly tone: Tone;
}

type Described = { readonly [E in DemoEvent as E["type"]]: (event: E) => Said | undefined };

/**
 * Makes lines of events, given one at a time and in their order; what nobody needs to read gives none. Reads no clock
 * and writes nothing.
 */
export class Timeline {
  readonly #paint: Paint;
  readonly #events: DemoEvent[] = [];
  /** The last answer told to each service for each resource. */
  readonly #told = new Map<string, string>();

  constructor(paint: Paint) {
    this.#paint = paint;
  }

  lines(event: DemoEvent): string[] {
    this.#events.push(event);
    // Each row takes the events of its own type, which the compiler cannot see.
    const describe = this.#describe[event.type] as (event: DemoEvent) => Said | undefined;
    const said = describe(event);
    if (said === undefined) return [];
    const { word, tone } = WHO[event.who];
    const time = seconds(event.at - (this.#start?.at ?? event.at)).padStart(8);
    const head = `${this.#paint("dim", time)}  ${this.#paint(tone, word)}${" ".repeat(MARGIN - 10 - word.length)}`;
    return wrap(said.text, WIDTH - MARGIN).map(
      (line, index) => (index === 0 ? head : " ".repeat(MARGIN)) + this.#paint(said.tone, line),
    );
  }

  get #start(): Extract<DemoEvent, { type: "start" }> | undefined {
    return this.#events.find((event) => event.type === "start");
  }

  readonly #describe: Described = {
    start: ({ pod, node }) => ({
      text: `The pod's own identity has oid ${short(pod.objectId)}, the node's ${short(node.objectId)}.`,
      tone: "plain",
    }),
    step: ({ name }) => {
      if (TOLD_AGAIN.has(name)) this.#told.clear();
      return { text: STEP_WORDS[name], tone: "strong" };
    },
    request: ({ what, resource = "", answeredBy }) =>
      // The others are in the verdict, by number.
      what === "token"
        ? plain(`its ${resourceWords(resource)} request reaches ${ANSWERER_WORDS[answeredBy]}`)
        : undefined,
    asked: ({ who, resource }) => {
      const asked = this.#events.filter(
        (e) => e.type === "asked" && e.who === who && e.resource === resource,
      );
      return asked.length > 1 ? undefined : plain(`asks for a ${resourceWords(resource)} token`);
    },
    token: (event) =>
      this.#once(event, event.objectId ?? "", () => {
        const token = demoFacts(this.#events).of(event.who, event.resource).tokens.at(-1);
        return token === undefined ? undefined : this.#answer(token);
      }),
    error: (event) =>
      this.#once(event, event.code, () => ({
        text: `no ${resourceWords(event.resource)} token: ${event.code}; asks again`,
        tone: "bad",
      })),
    gate: ({ state, reason }) =>
      plain(`gate ${state === "open" ? "open" : "closed (no requests)"}: ${gateWords(reason)}`),
    attempt: ({ resource, number, outcome, reason }) =>
      outcome === "token"
        ? undefined // told by the check
        : plain(`${resourceWords(resource)} request ${number} ${outcome} (${reason ?? "unknown"})`),
    rejected: ({ resource, reason, objectId }) =>
      plain(`refuses the ${resourceWords(resource)} token of ${this.#owner(objectId)}: ${reason}`),
    verified: ({ resource, objectId }) =>
      plain(`checked the ${resourceWords(resource)} token: of ${this.#owner(objectId)}`),
    health: ({ from, to }) => plain(`tells its probes: ${to} (was ${from})`),
    died: ({ by }) => ({ text: `its process ended (${by})`, tone: "bad" }),
  };

  /** Tells an answer, unless it is the one that was told last. */
  #once(
    { who, resource }: { readonly who: string; readonly resource: string },
    answer: string,
    say: () => Said | undefined,
  ): Said | undefined {
    const key = `${who} ${resource}`;
    if (this.#told.get(key) === answer) return undefined;
    this.#told.set(key, answer);
    return say();
  }

  #answer({ resource, right, cached, objectId, expiresOn, askedAt, at }: JudgedToken): Said {
    const what = `${right ? "right" : "WRONG"} ${resourceWords(resource)} token`;
    const left = right ? "" : `, good for ${hours(expiresOn - at)} more`;
    const how = cached
      ? `from its cache${left}`
      : `of ${this.#owner(objectId)}, after ${seconds(at - askedAt)}`;
    return { text: `${what}, ${how}`, tone: right ? "good" : "bad" };
  }

  #owner(objectId: string | undefined): string {
    if (objectId === undefined) return "nobody who can be read";
    const whose: ReadonlyMap<string | undefined, string> = new Map([
      [this.#start?.node.objectId, "the node"],
      [this.#start?.pod.objectId, "the pod"],
    ]);
    return `${whose.get(objectId) ?? "somebody else"} (oid ${short(objectId)})`;
  }
}

function plain(text: string): Said {
  return { text, tone: "plain" };
}

/** Enough of a GUID to tell two of them apart. */
function short(objectId: string): string {
  return objectId.slice(0, 8);
}
