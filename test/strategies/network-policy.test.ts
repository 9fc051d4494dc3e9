import { readFileSync } from "node:fs";
import { BlockList } from "node:net";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

interface Peer {
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
  readonly namespaceSelector?: Labels;
  readonly podSelector?: Labels;
}
interface Labels {
  readonly matchLabels: Readonly<Record<string, string>>;
}
interface Policy {
  readonly spec: {
    readonly podSelector: Labels;
    readonly policyTypes: readonly string[];
    readonly egress: readonly {
      readonly to: readonly Peer[];
      readonly ports: readonly { readonly protocol: string; readonly port: number }[];
    }[];
  };
}

const FILE = new URL("../../examples/kubernetes/network-policy.yaml", import.meta.url);
const { spec } = parse(readFileSync(FILE, "utf8")) as Policy;

/** Where a connection goes: an address outside of all selectors, or pods by the labels of their namespace and their own. */
type Destination = string | readonly [namespace: Labels["matchLabels"], pod: Labels["matchLabels"]];

const holds = (selector: Labels | undefined, labels: Labels["matchLabels"]): boolean =>
  selector === undefined ||
  Object.entries(selector.matchLabels).every(([name, value]) => labels[name] === value);

function isWithin(address: string, cidrs: readonly string[]): boolean {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [net = "", prefix] = cidr.split("/");
    list.addSubnet(net, Number(prefix));
  }
  return list.check(address);
}

/** By https://kubernetes.io/docs/concepts/services-networking/network-policies: one rule is enough, of peers and ports both. */
function lets(destination: Destination, protocol: string, port: number): boolean {
  return spec.egress.some(
    ({ to, ports }) =>
      ports.some((each) => each.protocol === protocol && each.port === port) &&
      to.some(({ ipBlock, namespaceSelector, podSelector }) => {
        if (typeof destination !== "string")
          return (
            ipBlock === undefined &&
            holds(namespaceSelector, destination[0]) &&
            holds(podSelector, destination[1])
          );
        if (ipBlock === undefined) return false;
        return isWithin(destination, [ipBlock.cidr]) && !isWithin(destination, ipBlock.except ?? []);
      }),
  );
}

const SYSTEM = { "kubernetes.io/metadata.name": "kube-system" };
const DNS: Destination = [SYSTEM, { "k8s-app": "kube-dns" }];
/** In the ranges of the file, and for documentation what is outside of them. */
const NODE = "10.240.0.4";
const POD = "10.244.1.7";
const SERVICE = "10.0.0.1";
const AZURE = "198.51.100.7";
const METADATA = "169.254.169.254";

describe("the NetworkPolicy", () => {
  test("is of what the application's pods send", () => {
    expect(spec.policyTypes).toEqual(["Egress"]);
    expect(spec.podSelector.matchLabels).toEqual({ app: "app" });
  });

  test.each<[string, Destination, string, number]>([
    ["NMI's health", NODE, "TCP", 8085],
    ["requests for tokens, as they are sent", METADATA, "TCP", 80],
    ["requests for tokens, once they are redirected to the node's loopback", "127.0.0.1", "TCP", 2579],
    ["requests for tokens, once they are redirected to the node's address", NODE, "TCP", 2579],
    ["names", DNS, "UDP", 53],
    ["names in long answers", DNS, "TCP", 53],
    ["Azure", AZURE, "TCP", 443],
  ])("lets through %s", (_what, to, protocol, port) => {
    expect(lets(to, protocol, port)).toBe(true);
  });

  test.each<[string, Destination, string, number]>([
    ["the kubelet's API", NODE, "TCP", 10_250],
    ["the node's other services", NODE, "TCP", 443],
    ["other pods", POD, "TCP", 443],
    ["services of the cluster, such as its API", SERVICE, "TCP", 443],
    ["the host agent of Azure", METADATA, "TCP", 32_526],
    ["link-local addresses by HTTPS", METADATA, "TCP", 443],
    ["the rest of the pod's own loopback", "127.0.0.1", "TCP", 80],
    ["names from elsewhere", AZURE, "UDP", 53],
    ["pods in the namespace of DNS", [SYSTEM, { app: "other" }], "TCP", 53],
    ["pods elsewhere that are labelled like DNS", [{}, { "k8s-app": "kube-dns" }], "UDP", 53],
    ["Azure without TLS", AZURE, "TCP", 80],
  ])("keeps from %s", (_what, to, protocol, port) => {
    expect(lets(to, protocol, port)).toBe(false);
  });
});
