import type { Finding } from "./diagnose.js";
import type { LinkState } from "./link-states.js";
import type { Observations } from "./observations.js";

/** The report for machines, on one line. */
export function reportJson(
  seen: Observations,
  links: readonly LinkState[],
  findings: readonly Finding[],
): string {
  return JSON.stringify({
    ok: findings.length === 0,
    plane: seen.plane,
    links,
    findings: findings.map(({ fix, ...finding }) => ({
      ...finding,
      fix: {
        text: fix.text,
        lines: fix.lines?.map((line) => (typeof line === "string" ? line : line.join(" "))),
      },
    })),
    observations: { ...seen, settings: { ...seen.settings, ...withoutQueries(seen.settings) } },
  });
}

/** A query may hold a key, which is nobody's business. */
function withoutQueries({
  nmiUrl,
  metadataUrl,
}: Observations["settings"]): Pick<Observations["settings"], "nmiUrl" | "metadataUrl"> {
  const bare = (url: string): string => url.replace(/[?#].*$/su, "");
  return { metadataUrl: bare(metadataUrl), ...(nmiUrl === undefined ? {} : { nmiUrl: bare(nmiUrl) }) };
}
