import type { Observations } from "./observations.js";
import { LIKELIHOODS, type Fix, type Likelihood, type Link, type Rule, type Text } from "./rule.js";
import { RULES } from "./rules/all-rules.js";

/** One thing that is wrong here. */
export interface Finding {
  readonly id: string;
  readonly title: string;
  readonly link: Link;
  readonly likelihood: Likelihood;
  readonly seen: string;
  readonly meaning: string;
  readonly fix: Fix;
  readonly source: string;
}

/** What the observations mean, the most likely first; of what is equally likely, the cause before the effect. Pure. */
export function diagnose(seen: Observations, rules: readonly Rule[] = RULES): readonly Finding[] {
  const matching = rules.filter(({ when }) => when(seen));
  const known = matching.filter(({ fallback }) => fallback !== true);
  const explained = known.some(({ likelihood }) => likelihood !== "hazard");
  const kept = explained ? known : matching;
  return kept
    .map((rule) => findingOf(rule, seen))
    .sort((a, b) => LIKELIHOODS.indexOf(a.likelihood) - LIKELIHOODS.indexOf(b.likelihood));
}

function findingOf({ id, title, link, likelihood, source, ...rule }: Rule, seen: Observations): Finding {
  const say = (text: Text): string => (typeof text === "string" ? text : text(seen));
  const fix = typeof rule.fix === "function" ? rule.fix(seen) : rule.fix;
  return { id, title, link, likelihood, seen: say(rule.seen), meaning: say(rule.meaning), fix, source };
}
