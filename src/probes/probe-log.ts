import type { ProbeName } from "../health/health-report.js";

/** A time in which a probe got the same answer again and again. */
export interface ProbeSpell {
  readonly probe: ProbeName;
  readonly passed: boolean;
  /** The first and the last answer, in milliseconds since the Unix epoch. */
  readonly from: number;
  readonly until: number;
}

/** The same, while it goes on. */
type OpenSpell = { -readonly [Key in keyof ProbeSpell]: ProbeSpell[Key] };

const KEPT_MS = 600_000;
const MAX_SPELLS = 300;
/** Answers further apart than this are not one spell: nobody asked in between. */
const GAP_MS = 60_000;

/** What probes were answered in the last ten minutes, for the status page. Bounded. */
export class ProbeLog {
  readonly #spells: OpenSpell[] = [];
  /** The spell that goes on, by probe. */
  readonly #current: Partial<Record<ProbeName, OpenSpell>> = {};

  add(probe: ProbeName, passed: boolean, at: number): void {
    const current = this.#current[probe];
    if (current?.passed === passed && at - current.until <= GAP_MS) {
      current.until = at;
      return;
    }
    const spell = { probe, passed, from: at, until: at };
    this.#current[probe] = spell;
    this.#spells.push(spell);
    if (this.#spells.length > MAX_SPELLS) this.#spells.shift();
  }

  /** Those of the last ten minutes, in the order in which they began. */
  list(now: number): readonly ProbeSpell[] {
    return this.#spells.filter(({ until }) => until > now - KEPT_MS).map((spell) => ({ ...spell }));
  }
}
