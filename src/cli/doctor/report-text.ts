import { wrap, type Paint, type Tone } from "../demo-paint.js";
import type { Finding } from "./diagnose.js";
import type { LinkState } from "./link-states.js";
import type { Observations, PlaneKind } from "./observations.js";
import { LINKS, type Fix, type Likelihood } from "./rule.js";

/** The terminals that nobody widens. */
const WIDTH = 80;

const PLANES: Readonly<Record<PlaneKind, string>> = {
  nmi: "AAD Pod Identity (NMI)",
  proxy: "Microsoft Entra Workload ID by its migration proxy",
  "workload-identity": "Microsoft Entra Workload ID",
  environment: "a secret of the environment, at Microsoft Entra ID",
  imds: "managed identity of the machine (IMDS)",
  "app-service": "managed identity of App Service",
  "service-fabric": "managed identity of Service Fabric",
  "machine-learning": "managed identity of Azure Machine Learning",
  "cloud-shell": "managed identity of Cloud Shell",
  arc: "managed identity of Azure Arc",
  none: "none",
};

const MARKS: Readonly<Record<LinkState["state"], readonly [mark: string, tone: Tone]>> = {
  ok: ["ok", "good"],
  bad: ["FAIL", "bad"],
  unknown: ["-", "dim"],
};

const LIKELY: Readonly<Record<Likelihood, string>> = {
  certain: "certain",
  likely: "likely",
  possible: "possible",
  hazard: "a hazard",
};

const MARK_WIDTH = 4;
const LINK_WIDTH = Math.max(...LINKS.map((link) => link.length));
const LABEL = "Means  ";
const FIELD_INDENT = "   ";
/** Less than the text: what is to be copied wants room. */
const LINE_INDENT = FIELD_INDENT + "  ";

/** The report for people, in lines of at most 80 characters but for a longer word, which is to be copied whole. */
export function reportText(
  { plane }: Observations,
  links: readonly LinkState[],
  findings: readonly Finding[],
  paint: Paint,
): string {
  return [
    ...hanging("Identity plane  ", `${PLANES[plane.kind]}: ${plane.why}`, (label) => paint("strong", label)),
    "",
    ...links.flatMap((state) => linkLines(state, paint)),
    "",
    ...verdict(findings, paint),
  ].join("\n");
}

function verdict(findings: readonly Finding[], paint: Paint): readonly string[] {
  if (findings.length === 0) return [paint("good", "Nothing is wrong.")];
  const count = findings.length === 1 ? "1 finding" : `${findings.length} findings, the most likely first`;
  return [
    paint("strong", count),
    ...findings.flatMap((finding, index) => ["", ...findingLines(finding, index + 1, paint)]),
  ];
}

function linkLines({ link, state, text }: LinkState, paint: Paint): readonly string[] {
  const [mark, tone] = MARKS[state];
  const label = `  ${mark.padEnd(MARK_WIDTH)}  ${link.padEnd(LINK_WIDTH)}  `;
  return hanging(label, text, (whole) => whole.replace(mark, paint(tone, mark)));
}

function findingLines(
  { title, likelihood, seen, meaning, fix, source }: Finding,
  number: number,
  paint: Paint,
): readonly string[] {
  const tone = likelihood === "hazard" ? "strong" : "bad";
  const field = (label: string, text: string): readonly string[] =>
    hanging(FIELD_INDENT + label.padEnd(LABEL.length), text, (whole) => paint("dim", whole));
  return [
    ...hanging(`${number}. `, `${title} (${LIKELY[likelihood]})`, (label) => label).map((line) =>
      paint(tone, line),
    ),
    ...field("Seen", seen),
    ...field("Means", meaning),
    ...field("Fix", fix.text),
    ...copied(fix).map((line) => LINE_INDENT + line),
    ...field("Source", source).map((line) => paint("dim", line)),
  ];
}

/** What is to be copied: commands are broken between their words, as a shell allows. */
function copied({ lines = [] }: Fix): readonly string[] {
  return lines.flatMap((line) => (typeof line === "string" ? [line] : breakCommand(line)));
}

function breakCommand(words: readonly string[]): readonly string[] {
  const whole = words.join(" ");
  if (whole.length <= WIDTH - LINE_INDENT.length) return [whole];
  const room = WIDTH - LINE_INDENT.length - " \\".length;
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= room)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(last === undefined ? word : `  ${word}`);
  }
  return lines.map((line, index) => (index < lines.length - 1 ? `${line} \\` : line));
}

/** Text behind a label, its further lines below its first. */
function hanging(label: string, text: string, paintLabel: (label: string) => string): readonly string[] {
  const [first = "", ...rest] = wrap(text, WIDTH - label.length);
  return [paintLabel(label) + first, ...rest.map((line) => " ".repeat(label.length) + line)];
}
