import type { NodeSimulator } from "../../testing/node-simulator.js";
import type { Nmi } from "../../testing/nmi.js";
import type { PageRow, PageTone } from "./page-state.js";

const NMI_WORDS: Readonly<Record<Nmi["state"], readonly [PageTone, string]>> = {
  down: ["bad", "not running"],
  starting: ["wait", "starting"],
  "not-active": ["wait", "running, says Not Active"],
  active: ["good", "running, says Active"],
  terminating: ["bad", "shutting down, and still says what it said before"],
  crashed: ["bad", "killed"],
};

/** The simulated node as it is now. */
export function nodeRows({ nmi, mic, imds, identity }: NodeSimulator): readonly PageRow[] {
  const [nmiTone, nmiWords] = NMI_WORDS[nmi.state];
  const names = mic.assignments.map((each) => each.identity);
  const own = names.length > 0 && names.every(({ clientId }) => clientId === identity.clientId);
  const assigned = own ? "this pod's own" : names[0] === undefined ? "none" : `another: ${names[0].name}`;
  const throttled = imds.limits.perSecond === 0;
  const path = nmi.ruleInstalled ? "requests go to NMI" : "gone: requests go to IMDS";
  return [
    { name: "NMI", tone: nmiTone, words: nmiWords },
    { name: "Its rule", tone: nmi.ruleInstalled ? "good" : "bad", words: path },
    { name: "Identity assigned", tone: own ? "good" : "bad", words: assigned },
    { name: "IMDS", tone: throttled ? "bad" : "good", words: throttled ? "throttled: 429" : "answers" },
  ];
}
