import { formatDuration } from "../../config/duration.js";
import type { ClockLook, RouteLook } from "./observations.js";

/** What people read of what was seen. */

const ANSWERERS: Readonly<Record<RouteLook["route"], string>> = {
  nmi: "NMI answers on the token path",
  imds: "IMDS itself answers on the token path",
  proxy: "the migration proxy answers on the token path",
  unknown: "somebody answers on the token path, and it cannot be told who",
  unreachable: "nobody answers on the token path",
};

/** Who answers; where nobody does, how that showed. */
export function answererWords(route: RouteLook | undefined): string {
  if (route === undefined) return "";
  const { route: who, detail } = route;
  return who === "unreachable" ? detail : ANSWERERS[who];
}

/** What services allow for clocks that differ: 5 min. */
export const CLOCK_TOLERANCE_MS = 300_000;

/** `20m3s ahead of IMDS's clock`; less than 2 s is what a look takes. */
export function clockWords({ aheadMs, against }: ClockLook): string {
  const seconds = Math.round(Math.abs(aheadMs) / 1_000);
  if (seconds < 2) return `agrees with ${against}`;
  return `${formatDuration(seconds * 1_000)} ${aheadMs > 0 ? "ahead of" : "behind"} ${against}`;
}

/** Milliseconds as people read them: from a second on, in tenths. */
export function took(ms: number): string {
  return formatDuration(ms < 1_000 ? ms : Math.round(ms / 100) * 100);
}
