import { networkInterfaces } from "node:os";

/** The addresses of this network namespace; a pod that has its node's among them is on the host network. */
export function ownAddresses(): readonly string[] {
  try {
    return Object.values(networkInterfaces()).flatMap((entries) =>
      (entries ?? []).map(({ address }) => address),
    );
  } catch {
    return []; // where the system does not tell, the hint is missing and nothing else
  }
}
