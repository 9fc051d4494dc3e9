import { fileURLToPath } from "node:url";
import ts from "typescript";

/** The types of the Kubernetes API (the package kubernetes-types, made of the API's own schemas), by what a document says it is. */
const TYPES: Readonly<Record<string, readonly [name: string, from: string]>> = {
  "v1 Pod": ["Pod", "kubernetes-types/core/v1"],
  "networking.k8s.io/v1 NetworkPolicy": ["NetworkPolicy", "kubernetes-types/networking/v1"],
};

export interface KubernetesDocument {
  readonly apiVersion: string;
  readonly kind: string;
}

/**
 * What is wrong with documents, by the types of Kubernetes: unknown fields, missing ones, values of another type. Each
 * document becomes a literal of its type, in which TypeScript allows no field that the type does not have.
 */
export function misfits(documents: Readonly<Record<string, KubernetesDocument>>): readonly string[] {
  const sources = new Map(
    Object.entries(documents).map(([name, document]) => [fileName(name), source(document)]),
  );
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    target: ts.ScriptTarget.ES2022,
  };
  const host = ts.createCompilerHost(options);
  const inMemory: ts.CompilerHost = {
    ...host,
    fileExists: (file) => sources.has(file) || host.fileExists(file),
    getSourceFile: (file, version, ...more) => {
      const text = sources.get(file);
      return text === undefined
        ? host.getSourceFile(file, version, ...more)
        : ts.createSourceFile(file, text, version);
    },
  };
  const program = ts.createProgram([...sources.keys()], options, inMemory);
  return ts.getPreEmitDiagnostics(program).map(({ messageText, file }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, " ");
    return `${file?.fileName.replace(/^.*\/document-|\.ts$/gu, "") ?? ""}: ${text}`;
  });
}

function source(document: KubernetesDocument): string {
  const what = `${document.apiVersion} ${document.kind}`;
  const [name, from] = TYPES[what] ?? [];
  if (name === undefined || from === undefined) throw new TypeError(`There is no type of ${what}.`);
  return `import type { ${name} } from "${from}";\nexport const document: ${name} = ${JSON.stringify(document, null, 2)};`;
}

/** Beside this file, where the types are found. */
function fileName(name: string): string {
  return fileURLToPath(new URL(`document-${name}.ts`, import.meta.url));
}
