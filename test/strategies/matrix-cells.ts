import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createCertificateAuthority } from "../../src/testing/certificate-authority.js";
import type { Cell } from "./cluster.js";
import { readPod } from "./kubelet/manifest.js";
import type { Image } from "./node/cell-order.js";
import { PROMISES } from "./promises.js";
import type { Scenario } from "./scenario.js";
import { manifestOf, type VariantName } from "./variants.js";

const NODE = process.execPath;

export function cellOf(strategy: VariantName, scenario: Scenario): Cell {
  const { labelled, given, steps, lasts } = scenario;
  return { strategy, manifest: manifestOf(strategy), labelled, given, steps, lasts };
}

/** What plays the images that a strategy's manifest names: each has the application and the command line. */
export class MatrixImages implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "matrix-"));
  readonly #trust: Readonly<Record<string, string>>;

  constructor() {
    const authority = createCertificateAuthority();
    const { cert, key } = authority.issue(["127.0.0.1"]);
    this.#trust = {
      NODE_EXTRA_CA_CERTS: this.#write("ca.pem", authority.certificate),
      ARM_CERT: this.#write("arm.pem", cert),
      ARM_KEY: this.#write("arm.key", key),
    };
  }

  of(strategy: VariantName, { steps }: Scenario): Readonly<Record<string, Image>> {
    const { initContainers, containers } = readPod(manifestOf(strategy));
    const application = resolve(`test/strategies/app/${PROMISES[strategy].application}.mjs`);
    const asksArm = strategy === "arm-init";
    const role = steps.find(({ actions }) => actions.some(({ to }) => to === "arm"));
    const image = {
      entrypoint: [NODE, application],
      programs: {
        "azure-identity-guard": [
          NODE,
          ...(asksArm ? ["--import", resolve("test/strategies/app/arm.mjs")] : []),
          resolve("dist/cli/main.cjs"),
        ],
      },
      ...(asksArm ? { env: { ...this.#trust, ROLE_AFTER_S: String(role?.at ?? 0) } } : {}),
    };
    return Object.fromEntries([...initContainers, ...containers].map(({ image: name }) => [name, image]));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(name: string, content: string): string {
    const file = join(this.#folder, name);
    writeFileSync(file, content);
    return file;
  }
}
