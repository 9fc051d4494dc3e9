import type { NamedPrincipal, ServiceDied, ServiceEvent } from "../demo-events.js";
import { gateWords } from "../demo-words.js";
import { PAGE_RESOURCES } from "./page-resources.js";
import type { PageRow, PageSide, PageTone } from "./page-state.js";

/** A wait is worth a word after this long; answers from a cache take none. */
const SOON_MS = 1_000;

interface Said {
  readonly tone: PageTone;
  readonly words: string;
}

interface ResourceTally {
  answer: Said | undefined;
  askedAt: number | undefined;
}

type SideEvent = ServiceEvent | ServiceDied;
type Takers = { readonly [E in SideEvent as E["type"]]: (event: E) => Said | undefined };

/** What one service got, from its events. Counts go on over restarts; the rest begins anew. */
export class SideTally {
  readonly #pod: NamedPrincipal;
  readonly #node: NamedPrincipal;
  readonly #resources = new Map<string, ResourceTally>();
  readonly #takers: Takers = {
    asked: ({ resource, at }) => {
      this.#of(resource).askedAt = at;
      return undefined;
    },
    token: ({ resource, objectId }) => this.#answer(resource, this.#owner(objectId)),
    error: ({ resource, code }) => {
      this.#counts.errors++;
      return this.#answer(resource, { tone: "wait", words: `no token: ${code}` });
    },
    gate: ({ state, reason }) => this.#gateSeen(state, reason),
    health: ({ from, to }) => {
      this.#health = to;
      return { tone: "idle", words: `tells its probes: ${to} (was ${from})` };
    },
    rejected: ({ objectId, reason }) => ({
      tone: "good",
      words: `refuses a token of ${this.#name(objectId)}: ${reason}`,
    }),
    died: ({ by }) => {
      this.#trouble = `ended (${by}); restart both services`;
      return { tone: "bad", words: `its process ended (${by})` };
    },
    // The answer, or the refusal, says it.
    attempt: () => undefined,
    verified: () => undefined,
  };
  readonly #counts = { right: 0, wrong: 0, errors: 0 };
  #gate: string | undefined;
  #health: string | undefined;
  #trouble: string | undefined = "starting";

  constructor(principals: { readonly pod: NamedPrincipal; readonly node: NamedPrincipal }) {
    this.#pod = principals.pod;
    this.#node = principals.node;
  }

  /** Callers that got another identity's token. */
  get wrong(): number {
    return this.#counts.wrong;
  }

  /** The process is about to be replaced. */
  restarting(): void {
    this.#resources.clear();
    this.#gate = undefined;
    this.#health = undefined;
    this.#trouble = "starting";
  }

  /** The process can be asked. */
  started(): void {
    this.#trouble = undefined;
  }

  /** Takes an event of this service; returns what to write in the log, if it says something new. */
  take(event: SideEvent): Said | undefined {
    // Each row takes the events of its own type, which the compiler cannot see.
    const take = this.#takers[event.type] as (event: SideEvent) => Said | undefined;
    return take(event);
  }

  view(now: number): PageSide {
    const { right, wrong, errors } = this.#counts;
    const counts = `${wrong} wrong, ${right} right, ${errors} ${errors === 1 ? "error" : "errors"}`;
    const tone = wrong > 0 ? "bad" : "good";
    const gate = [this.#health, this.#gate].filter((each) => each !== undefined).join("; ");
    return {
      tone: this.#trouble === undefined ? tone : "idle",
      headline: this.#trouble === undefined ? counts : `${this.#trouble} (${counts})`,
      gate,
      rows: this.#rows(now),
    };
  }

  #rows(now: number): readonly PageRow[] {
    return PAGE_RESOURCES.flatMap(({ resource, name }) => {
      const tally = this.#resources.get(resource);
      if (tally === undefined) return [];
      const { answer, askedAt } = tally;
      const waited = askedAt === undefined ? 0 : now - askedAt;
      const waits = `waits for ${Math.floor(waited / 1_000)} s, no token yet`;
      if (answer !== undefined && waited < SOON_MS) return [{ name, ...answer }];
      return [{ name, tone: "wait", words: waits }];
    });
  }

  #of(resource: string): ResourceTally {
    const known = this.#resources.get(resource) ?? { answer: undefined, askedAt: undefined };
    this.#resources.set(resource, known);
    return known;
  }

  #answer(resource: string, said: Said): Said | undefined {
    const tally = this.#of(resource);
    const news = tally.answer?.words !== said.words;
    tally.answer = said;
    tally.askedAt = undefined;
    const name = PAGE_RESOURCES.find((each) => each.resource === resource)?.name ?? resource;
    return news ? { tone: said.tone, words: `${name}: ${said.words}` } : undefined;
  }

  #owner(objectId: string | undefined): Said {
    const right = objectId === this.#pod.objectId;
    this.#counts[right ? "right" : "wrong"]++;
    const words = `${right ? "right" : "WRONG"} token, of ${this.#name(objectId)}`;
    return { tone: right ? "good" : "bad", words };
  }

  #name(objectId: string | undefined): string {
    if (objectId === undefined) return "nobody who can be read";
    if (objectId === this.#pod.objectId) return "this pod";
    return objectId === this.#node.objectId ? "the node" : "another identity";
  }

  #gateSeen(state: "open" | "closed", reason: string): Said | undefined {
    const words = `gate ${state}: ${gateWords(reason)}`;
    if (words === this.#gate) return undefined;
    this.#gate = words;
    return { tone: state === "open" ? "good" : "wait", words };
  }
}
