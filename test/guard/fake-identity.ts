import type { AccessToken, GetTokenOptions } from "@azure/core-auth";

/** What one call of a credential of the SDK comes to; an error is thrown. */
export type SdkAnswer = AccessToken | Error;

/** What was made of the SDK, and what it answers. One for a test file, since modules are mocked for a file. */
export class FakeSdk {
  /** The options of each instance, by class. */
  readonly made: { readonly name: string; readonly options: Readonly<Record<string, unknown>> }[] = [];
  readonly asked: { readonly name: string; readonly scopes: string | string[]; readonly cae?: true }[] = [];
  /** Answers call number `n`, counted from 1; never, where it returns nothing. */
  answer: (n: number) => SdkAnswer | undefined = () => new Error("no answer");

  reset(): void {
    this.made.length = 0;
    this.asked.length = 0;
  }

  /** The classes of `@azure/identity` that the library makes. */
  module(): Readonly<Record<string, unknown>> {
    const names = [
      "WorkloadIdentityCredential",
      "ManagedIdentityCredential",
      "EnvironmentCredential",
      "DefaultAzureCredential",
    ];
    return Object.fromEntries(names.map((name) => [name, this.#classNamed(name)]));
  }

  #classNamed(name: string): unknown {
    const { made, asked } = this;
    const answer = (n: number): SdkAnswer | undefined => this.answer(n);
    return class {
      constructor(options: Readonly<Record<string, unknown>>) {
        made.push({ name, options });
      }

      async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
        asked.push({ name, scopes, ...(options?.enableCae === true ? { cae: true } : {}) });
        const given = answer(asked.length);
        if (given === undefined) return await new Promise(() => undefined);
        if (given instanceof Error) throw given;
        return given;
      }
    };
  }
}

/** What `@azure/identity` 4.13 makes of an error of Entra ID: an AuthenticationRequiredError with MSAL's text. */
export function entraError(code: number, text: string, error = "invalid_client"): Error {
  const description = `AADSTS${code}: ${text} Trace ID: t Correlation ID: c Timestamp: 2026-01-01 00:00:00Z`;
  return Object.assign(
    new Error(
      `${error}: Error(s): ${code} - Timestamp: 2026-01-01 00:00:00Z - Description: ${description} - Correlation ID: c - Trace ID: t`,
    ),
    { name: "AuthenticationRequiredError", scopes: [] },
  );
}
