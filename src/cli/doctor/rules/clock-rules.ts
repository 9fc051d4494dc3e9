import { drainNode, nodeName } from "../copied-lines.js";
import type { Rule } from "../rule.js";
import { CLOCK_TOLERANCE_MS, clockWords } from "../words.js";

/** Before all that tokens say of time. */
export const CLOCK_RULES: readonly Rule[] = [
  {
    id: "clock-skew",
    title: "The clock of this node is wrong",
    link: "clock",
    likelihood: "certain",
    when: ({ clock }) => clock !== undefined && Math.abs(clock.aheadMs) > CLOCK_TOLERANCE_MS,
    seen: ({ clock }) => (clock === undefined ? "" : `the clock here is ${clockWords(clock)}`),
    meaning:
      "Tokens carry times. With a clock that is off by more than 5 min good tokens look expired or not yet valid, here or at the service that they are shown to.",
    fix: (seen) => ({
      text: "A pod has its node's clock. Look at time synchronisation on the node, or take the node out of use:",
      lines: [
        nodeName(seen),
        ["kubectl debug node/$NODE", "-it --image=busybox", "-- chroot /host chronyc tracking"],
        ...drainNode(seen).slice(1),
      ],
    }),
    source: "RFC 7519, 4.1.4; learn.microsoft.com, AADSTS700024",
  },
];
