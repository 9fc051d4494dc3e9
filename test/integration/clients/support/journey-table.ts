import { markdownTable } from "../../../generated.js";
import type { Journey, Outcome } from "./journey.js";
import type { World } from "./worlds.js";

/** What an application met in a world, by itself and with the guard. */
export interface Comparison {
  readonly world: World;
  readonly plain: Journey;
  readonly guarded: Journey;
}

const HEADINGS = ["world", "bad start", "bad middle", "plain SDK", "with azure-identity-guard"] as const;

/** The table of the README. */
export function journeyTable(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map(({ world, plain, guarded }) => [
    world.name,
    world.badStart,
    world.badMiddle,
    inWords(plain),
    inWords(guarded),
  ]);
  return markdownTable(HEADINGS, rows);
}

/** No counts: they differ from run to run. */
function inWords(journey: Journey): string {
  const { start, afterStart, restarted, middle, afterMiddle } = journey;
  const cured = restarted ? ", also after the recovery, until a restart" : ", until the recovery";
  const first = phaseInWords(start, "the right token, or none yet", cured);
  if (!restarted && afterStart.at(-1) !== "right") throw new Error("An application that fails is restarted");
  const stays = afterMiddle.at(-1) === "right" ? ", until the recovery" : ", also after the recovery";
  const second = phaseInWords(middle, "the right token", stays);
  return `start: ${first}; middle: ${second}`;
}

/** The worst that happened: a wrong token, then an error, of which the first says why. */
function phaseInWords(outcomes: readonly Outcome[], good: string, until: string): string {
  if (outcomes.includes("wrong")) return `**the wrong identity's token**${until}`;
  const error = outcomes.find((outcome) => outcome !== "right");
  return error === undefined ? good : `error ${error}${until}`;
}
