import { PROBE_NAMES, type ProbeName } from "../../health/health-report.js";
import type { ProbeSpell } from "../probe-log.js";
import type { Axis } from "./axis.js";
import { drawBars, type Bar } from "./bars.js";
import { spokenBars, type Lane } from "./lanes.js";
import { agoWords, utcWords } from "./time-words.js";

export const PROBE_WORDS: Readonly<Record<ProbeName, string>> = {
  startup: "Startup",
  ready: "Ready",
  live: "Live",
};

/** What each probe was answered, by whoever asked. */
export function probeLanes(spells: readonly ProbeSpell[], axis: Axis): readonly Lane[] {
  return PROBE_NAMES.map((probe) => {
    const own = spells.filter((spell) => spell.probe === probe);
    const bars = own.map(({ passed, from, until }): Bar => {
      const word = passed ? "pass" : "fail";
      // Not until when: that would be another text with each request.
      const title = `${PROBE_WORDS[probe]}: ${word} from ${utcWords(from, axis.now)}`;
      return { from, until, look: passed ? "open" : "shut", word, title };
    });
    const last = own.at(-1);
    return {
      label: PROBE_WORDS[probe],
      summary: last === undefined ? "not asked" : last.passed ? "pass" : "fail",
      drawing: drawBars(bars, axis, "blank"),
      spoken:
        last === undefined
          ? `${PROBE_WORDS[probe]}: not asked.`
          : `${PROBE_WORDS[probe]}: ${spokenBars(bars, axis)}, last asked ${agoWords(last.until, axis.now)}.`,
    };
  });
}
