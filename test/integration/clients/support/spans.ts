import { fileURLToPath } from "node:url";
import { Child, type Settled } from "../../support/child.js";

/** A span that has ended, as OpenTelemetry exports it. */
export interface Span {
  readonly name: string;
  /** The package that made it. */
  readonly scope: string;
  readonly id: string;
  readonly trace: string;
  /** `id` of the span that it is part of; absent for the first of its trace. */
  readonly parent?: string;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly failed: boolean;
  readonly status?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly {
    readonly name: string;
    readonly attributes?: Readonly<Record<string, unknown>>;
  }[];
}

const TELEMETRY = fileURLToPath(new URL("../../fixtures/clients/telemetry.mjs", import.meta.url));

/** A process with clients of the Azure SDK and OpenTelemetry. */
export async function startTracedChild(environment: Readonly<Record<string, string>>): Promise<Child> {
  return await Child.start(environment, {
    fixture: "clients/traced.mjs",
    nodeArguments: ["--import", TELEMETRY],
  });
}

/** Carries out a command within a span of the application. */
export async function within(
  child: Child,
  span: string,
  does: string,
  fields: object,
  { explicit = false }: { readonly explicit?: boolean } = {},
): Promise<unknown> {
  return await child.ask("within", { span, does, fields, explicit });
}

/** One call of `getToken` within a span of the application. */
export async function getTokenWithin(
  child: Child,
  span: string,
  fields: { readonly id: string; readonly scopes: string; readonly options?: object },
  options: { readonly explicit?: boolean } = {},
): Promise<Settled> {
  const [settled] = (await within(child, span, "getToken", fields, options)) as readonly Settled[];
  if (settled === undefined) throw new Error("The process answered without a result.");
  if (settled.outcome === "token") child.hides(settled.token);
  return settled;
}

export async function spansOf(child: Child): Promise<readonly Span[]> {
  return (await child.ask("spans", {})) as readonly Span[];
}

/** The span `name`, and below it, indented, what is part of it; one line each, in the order of their beginnings. */
export function outline(spans: readonly Span[], name: string): readonly string[] {
  const below = (parent: Span, indent: string): string[] =>
    spans
      .filter((span) => span.parent === parent.id && span.trace === parent.trace)
      .sort((one, other) => one.startedAt - other.startedAt)
      .flatMap((span) => [`${indent}${span.name}`, ...below(span, `${indent}  `)]);
  return spans.filter((span) => span.name === name).flatMap((root) => [name, ...below(root, "  ")]);
}
