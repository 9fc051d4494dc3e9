import type { Observations } from "./observations.js";

/** The links of the chain from the process to its token, in the order in which each needs the one before. */
export const LINKS = ["environment", "network", "clock", "health", "route", "token", "claims"] as const;

export type Link = (typeof LINKS)[number];

/**
 * How far what was seen proves the cause: `certain` where nothing else explains it, `likely` where it usually is this,
 * `possible` where it is worth a look. A `hazard` is wrong by itself and explains nothing of the rest.
 */
export const LIKELIHOODS = ["certain", "likely", "possible", "hazard"] as const;

export type Likelihood = (typeof LIKELIHOODS)[number];

/** A part of a sentence that may depend on what was seen. */
export type Text = string | ((seen: Observations) => string);

/** What to do. */
export interface Fix {
  readonly text: string;
  /** To be copied: a line as it is, or the words of a command, which may be broken between them. */
  readonly lines?: readonly (string | readonly string[])[];
}

export type Condition = (seen: Observations) => boolean;

/** One thing that can be wrong. */
export interface Rule {
  readonly id: string;
  readonly title: string;
  readonly link: Link;
  readonly likelihood: Likelihood;
  /** Counts only where no other rule knows a cause. */
  readonly fallback?: true;
  readonly when: Condition;
  /** What of the observations speaks for it. */
  readonly seen: Text;
  readonly meaning: Text;
  readonly fix: Fix | ((seen: Observations) => Fix);
  /** Where it is known from. */
  readonly source: string;
}
