import { isDeepStrictEqual } from "node:util";
import { REQUIRED, type AffinityJson, type DaemonSetJson, type TermJson } from "./kubernetes-types.js";

/** An annotation of the DaemonSet, not of its pods: what was there before, for whoever puts it back. */
const BEFORE = "azure-identity-guard-test/before";

interface Before {
  /** That is left out. */
  readonly node?: string;
  readonly affinity?: AffinityJson;
  readonly updateStrategy?: object;
}

const beforeOf = ({ metadata }: DaemonSetJson): Before =>
  JSON.parse(metadata.annotations?.[BEFORE] ?? "{}") as Before;

const ON_DELETE = { type: "OnDelete" };

/** The node that a run left out. */
export const nodeLeftOut = (daemonSet: DaemonSetJson): string | undefined => beforeOf(daemonSet).node;

const entryOf = (nodeName: string): object => ({
  key: "metadata.name",
  operator: "NotIn",
  values: [nodeName],
});
const isEmpty = (object: object): boolean => Object.keys(object).length === 0;

/**
 * The DaemonSet with one node left out; nothing is left out twice. `OnDelete` keeps the pods of all other nodes: the
 * controller ends those that should not run, and does not renew the others for a template that is put back later.
 */
export function leaveOut(daemonSet: DaemonSetJson, nodeName: string): DaemonSetJson {
  const { metadata, spec } = daemonSet;
  const { affinity, ...others } = spec.template.spec;
  const required = affinity?.nodeAffinity?.[REQUIRED];
  const entry = entryOf(nodeName);
  const leavingOut = (term: TermJson): TermJson => {
    const { matchFields = [] } = term;
    // A term without conditions matches no node, and with this one it would match all others.
    const unchanged = isEmpty(term) || matchFields.some((each) => isDeepStrictEqual(each, entry));
    return unchanged ? term : { ...term, matchFields: [...matchFields, entry] };
  };
  // The terms are alternatives: each of them has to leave the node out.
  const nodeSelectorTerms = required?.nodeSelectorTerms.map(leavingOut) ?? [{ matchFields: [entry] }];
  const nodeAffinity = { ...affinity?.nodeAffinity, [REQUIRED]: { ...required, nodeSelectorTerms } };
  const { updateStrategy = { type: "RollingUpdate" } } = spec;
  const before: Before = { node: nodeName, ...(affinity && { affinity }), updateStrategy };
  return {
    ...daemonSet,
    // What a run that was cut off has written there is still what was before.
    metadata: { ...metadata, annotations: { [BEFORE]: JSON.stringify(before), ...metadata.annotations } },
    spec: {
      ...spec,
      updateStrategy: ON_DELETE,
      template: { ...spec.template, spec: { ...others, affinity: { ...affinity, nodeAffinity } } },
    },
  };
}

/**
 * The DaemonSet with what `leaveOut` did undone, and nothing else: what others changed meanwhile, an upgrade say, stays. The
 * same object where there is nothing to undo.
 */
export function putBack(daemonSet: DaemonSetJson, nodeName: string): DaemonSetJson {
  const { metadata, spec } = daemonSet;
  const { [BEFORE]: written, ...annotations } = metadata.annotations ?? {};
  const { affinity, ...others } = spec.template.spec;
  const before = beforeOf(daemonSet);
  const takenIn = affinity && withoutEntry(affinity, entryOf(nodeName), before.affinity);
  if (written === undefined && takenIn === affinity) return daemonSet;
  const updateStrategy = isDeepStrictEqual(spec.updateStrategy, ON_DELETE) && before.updateStrategy;
  return {
    ...daemonSet,
    metadata: { ...metadata, annotations },
    spec: {
      ...spec,
      ...(updateStrategy && { updateStrategy }),
      template: { ...spec.template, spec: { ...others, ...(takenIn && { affinity: takenIn }) } },
    },
  };
}

/**
 * Undefined where nothing is left that was not there `before`: to the controller a template with an empty object more or less
 * is another one, and a reason to renew all pods. The same object where the entry is not in it.
 */
function withoutEntry(
  affinity: AffinityJson,
  entry: object,
  before: AffinityJson | undefined,
): AffinityJson | undefined {
  const { nodeAffinity = {}, ...otherAffinity } = affinity;
  const { [REQUIRED]: required, ...preferred } = nodeAffinity;
  const terms = required?.nodeSelectorTerms ?? [];
  const left = terms.flatMap((term) => {
    const { matchFields = [], ...others } = term;
    const fields = matchFields.filter((each) => !isDeepStrictEqual(each, entry));
    if (fields.length === matchFields.length) return [term];
    const rest = fields.length === 0 ? others : { ...others, matchFields: fields };
    return isEmpty(rest) ? [] : [rest];
  });
  if (isDeepStrictEqual(left, terms)) return affinity;
  const node =
    left.length === 0 ? preferred : { ...preferred, [REQUIRED]: { ...required, nodeSelectorTerms: left } };
  const keepsNode = !isEmpty(node) || before?.nodeAffinity !== undefined;
  const rest = keepsNode ? { ...otherAffinity, nodeAffinity: node } : otherAffinity;
  return isEmpty(rest) && before === undefined ? undefined : rest;
}

/**
 * For a shell: does to a DaemonSet that is as `leftOut` what `putBack` does, whatever else has changed in it. The server
 * refuses it where somebody has changed affinity or strategy.
 */
export function patchCommand(leftOut: DaemonSetJson, nodeName: string, context: string): string {
  const { namespace, name } = leftOut.metadata;
  const patch = JSON.stringify(patchOf(leftOut, putBack(leftOut, nodeName))).replaceAll("'", "'\\''");
  return `kubectl --context ${context} --namespace ${namespace} patch daemonset ${name} --type=json --patch='${patch}'`;
}

const PATCHED: readonly (readonly [path: string, of: (daemonSet: DaemonSetJson) => unknown])[] = [
  ["/spec/template/spec/affinity", ({ spec }) => spec.template.spec.affinity],
  ["/spec/updateStrategy", ({ spec }) => spec.updateStrategy],
  [`/metadata/annotations/${BEFORE.replace("/", "~1")}`, ({ metadata }) => metadata.annotations?.[BEFORE]],
];

function patchOf(from: DaemonSetJson, to: DaemonSetJson): readonly object[] {
  return PATCHED.flatMap(([path, of]) => {
    const [value, wanted] = [of(from), of(to)];
    if (isDeepStrictEqual(value, wanted)) return [];
    const change = wanted === undefined ? { op: "remove", path } : { op: "replace", path, value: wanted };
    return [{ op: "test", path, value }, change];
  });
}
