import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const root: string = fileURLToPath(new URL("../../", import.meta.url));

/** One file of src and what it names. Paths are relative to src, with `/`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  /** Files of src that it imports, types included. */
  readonly imports: readonly string[];
  /** What it imports from packages and built-ins for its value, as `node:net isIP`; `*` is all of a module. */
  readonly packages: readonly string[];
}

/** Every TypeScript file of src, by path. */
export function readSources(folder: string = join(root, "src")): ReadonlyMap<string, SourceFile> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => path.split(sep).join("/"))
    .filter((path) => path.endsWith(".ts"))
    .sort();
  return new Map(paths.map((path) => [path, sourceFile(path, readFileSync(join(folder, path), "utf8"))]));
}

export function sourceFile(path: string, text: string): SourceFile {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const named = specifiers(tree);
  const isRelative = ({ name }: Specifier): boolean => name.startsWith(".");
  return {
    path,
    text,
    tree,
    imports: named.filter(isRelative).map(({ name }) => {
      return normalize(join(dirname(path), name.replace(/\.js$/, ".ts")))
        .split(sep)
        .join("/");
    }),
    packages: named
      .filter((each) => !isRelative(each))
      .flatMap(({ name, values }) => values.map((value) => `${name} ${value}`)),
  };
}

interface Specifier {
  readonly name: string;
  /** Names imported for their values; none where only types are. */
  readonly values: readonly string[];
}

const ALL: readonly string[] = ["*"];

/** What a file imports in any of the ways there are, `import("...")` in a type and `require` included. */
function specifiers(tree: ts.SourceFile): Specifier[] {
  const found: Specifier[] = [];
  const add = (node: ts.Node | undefined, values: readonly string[]): void => {
    if (node !== undefined && ts.isStringLiteralLike(node)) found.push({ name: node.text, values });
  };
  visit(tree, (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, importedValues(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly ? [] : ALL);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, []);
    else if (ts.isExternalModuleReference(node)) add(node.expression, ALL);
    else if (ts.isCallExpression(node) && loadsModule(node.expression)) add(node.arguments[0], ALL);
  });
  return found;
}

function loadsModule(callee: ts.Expression): boolean {
  const isRequire = ts.isIdentifier(callee) && callee.text === "require";
  return isRequire || callee.kind === ts.SyntaxKind.ImportKeyword;
}

function importedValues(clause: ts.ImportClause | undefined): readonly string[] {
  if (clause === undefined) return ALL;
  const { name, namedBindings, phaseModifier } = clause;
  if (phaseModifier === ts.SyntaxKind.TypeKeyword) return [];
  if (name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings)) return ALL;
  return namedBindings.elements
    .filter((element) => !element.isTypeOnly)
    .map((element) => (element.propertyName ?? element.name).text);
}

/** Calls `each` for every node below `node`. */
export function visit(node: ts.Node, each: (node: ts.Node) => void): void {
  node.forEachChild((child) => {
    each(child);
    visit(child, each);
  });
}
