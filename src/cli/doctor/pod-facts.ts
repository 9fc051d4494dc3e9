import { variable, type EnvironmentValues } from "../../config/environment.js";
import type { TokenFileReader } from "../../gate/token-file.js";
import type { InjectionLook, PodFacts } from "./observations.js";

const NAMESPACE_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
const NAME = /^[a-z\d](?:[a-z\d.-]{0,251}[a-z\d])?$/u;
const SUBJECT = /^system:serviceaccount:([a-z\d-]{1,63}):([a-z\d.-]{1,253})$/u;

/** What this pod is called, where it can be told: names for the lines that people copy. */
export async function podFacts(
  environment: EnvironmentValues,
  { subject = "" }: Partial<InjectionLook>,
  readFile: TokenFileReader,
  onHostNetwork: boolean,
): Promise<PodFacts> {
  const inKubernetes = variable(environment, "KUBERNETES_SERVICE_HOST") !== undefined;
  if (!inKubernetes) return { inKubernetes };
  const [, subjectNamespace, serviceAccount] = SUBJECT.exec(subject) ?? [];
  const namespace = subjectNamespace ?? (await namespaceIn(NAMESPACE_FILE, readFile));
  // The pod's name, and on the host network the node's.
  const name = onHostNetwork ? undefined : variable(environment, "HOSTNAME");
  return {
    inKubernetes,
    ...(name !== undefined && NAME.test(name) ? { name } : {}),
    ...(namespace === undefined ? {} : { namespace }),
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
  };
}

async function namespaceIn(path: string, readFile: TokenFileReader): Promise<string | undefined> {
  try {
    const file = await readFile(path);
    const text = "text" in file ? file.text.trim() : "";
    return NAME.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
