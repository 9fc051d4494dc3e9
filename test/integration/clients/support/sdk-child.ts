import { Child, type ChildOptions, type Settled } from "../../support/child.js";

/** What an operation of a client came to. */
export interface Outcome {
  readonly value?: string;
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  /** Of the answer that the client gave up at. */
  readonly statusCode?: number;
}

interface SecretCall {
  readonly secret?: string;
  /** Clients with different names hold their tokens apart. */
  readonly client?: string;
}

/** A process with clients of the Azure SDK beside its credentials. */
export async function startSdkChild(
  environment: Readonly<Record<string, string>>,
  { nodeArguments = [] }: Pick<ChildOptions, "nodeArguments"> = {},
): Promise<Child> {
  return await Child.start(environment, { fixture: "clients/remote.mjs", nodeArguments });
}

export async function getSecret(
  child: Child,
  id: string,
  { secret = "greeting", client }: SecretCall = {},
): Promise<Outcome> {
  return (await child.ask("getSecret", { id, secret, client })) as Outcome;
}

export async function setSecret(child: Child, id: string, secret: string, value: string): Promise<Outcome> {
  return (await child.ask("setSecret", { id, secret, value })) as Outcome;
}

/** `count` calls at once of what `getBearerTokenProvider` made of the credential; one call after another is one provider's. */
export async function provide(
  child: Child,
  id: string,
  scope: string,
  count = 1,
): Promise<readonly Settled[]> {
  const all = (await child.ask("provide", { id, scope, count })) as readonly Settled[];
  child.hides(...all.flatMap((settled) => (settled.outcome === "token" ? [settled.token] : [])));
  return all;
}
