import { nearestName } from "../config/nearest-name.js";
import { showName, showValue } from "../identity/show-value.js";
import { EXIT, type RunCommand } from "./command.js";
import { looksAtTokens, STRATEGIES } from "./manifests/strategies.js";
import { isStrategyName, STRATEGY_NAMES, strategyLines } from "./manifests/strategy-names.js";
import { withoutComments, writeYaml } from "./manifests/yaml.js";
import { SERVE_PORT } from "./serve-port.js";
import { usageError } from "./usage.js";

/** What the reader puts an image of their own in place of. */
export const EXAMPLE_IMAGE = "registry.example/app:1.0.0";

const withTokens = STRATEGY_NAMES.filter(looksAtTokens).join(", ");

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu;

/** `manifest STRATEGY`: prints a pod that places the check as the strategy does. */
export const manifest: RunCommand = async (values, io) => {
  const [given, ...more] = values.words;
  const image = values.text("--image") ?? EXAMPLE_IMAGE;
  const oid = values.text("--oid");
  const problems = [
    ...(given === undefined ? [["STRATEGY is missing; one of", ...strategyLines()].join("\n")] : []),
    ...(given === undefined || isStrategyName(given) ? [] : [unknownStrategy(given)]),
    ...more.map((word) => `${showName(word)} is one word too many`),
    ...(oid === undefined || GUID.test(oid)
      ? []
      : [`--oid is ${showValue(oid)}; expected the identity's principal ID, a GUID`]),
    ...(oid === undefined || given === undefined || !isStrategyName(given) || looksAtTokens(given)
      ? []
      : [`--oid is of no use to ${given}, which looks at no token; ${withTokens} do`]),
  ];
  if (given === undefined || !isStrategyName(given) || problems.length > 0) {
    return await Promise.resolve(usageError(io, "manifest", problems));
  }
  const pod = STRATEGIES[given]({
    image,
    cliImage: values.text("--cli-image") ?? image,
    oid,
    port: values.read("--port", "targetPort") ?? SERVE_PORT,
  });
  io.out(values.has("--json") ? JSON.stringify(withoutComments(pod)) : writeYaml(pod));
  return EXIT.ok;
};

function unknownStrategy(given: string): string {
  const nearest = nearestName(given, STRATEGY_NAMES);
  const hint = nearest === undefined ? `one of ${STRATEGY_NAMES.join(", ")}` : `did you mean ${nearest}?`;
  return `${showName(given)} is no strategy; ${hint}`;
}
