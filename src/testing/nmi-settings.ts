/**
 * Flags of NMI, with the defaults of version 1.8.17 (aad-pod-identity cmd/nmi/main.go).
 *
 * @public
 */
export interface NmiSettings {
  /** `standard`: MIC assigns, NMI waits for it. `managed`: the AKS add-on, one look at the bindings. Default `standard`. */
  readonly mode: "standard" | "managed";
  /** Answers 503 with `Retry-After` in place of 404. Default `false`. */
  readonly setRetryAfterHeader: boolean;
  /** Seconds of that header, scaled like all other times and rounded up. Default 20. */
  readonly retryAfterSeconds: number;
  /** Refuses requests whose `Metadata` header is not exactly `true`. Default `true`. */
  readonly metadataHeaderRequired: boolean;
  /** Between two looks for an assigned identity, in simulated milliseconds. Default 5000. */
  readonly findIdentityRetryIntervalMs: number;
  /** Looks until an identity must be at least `Created`. Default 16: 80 s. */
  readonly retryAttemptsForCreated: number;
  /** Further looks until it must be `Assigned`. Default 4: 20 s more. */
  readonly retryAttemptsForAssigned: number;
  /** Answers `/metadata/instance` with 403 in place of passing it on. Default `false`. */
  readonly blockInstanceMetadata: boolean;
  /** Ignores identities of other namespaces. Default `false`. */
  readonly namespaced: boolean;
  /** Breaks the connections that predate the rule when NMI first installs it. Default `false`. */
  readonly conntrackDeletion: boolean;
}

export const DEFAULT_NMI_SETTINGS: NmiSettings = Object.freeze({
  mode: "standard",
  setRetryAfterHeader: false,
  retryAfterSeconds: 20,
  metadataHeaderRequired: true,
  findIdentityRetryIntervalMs: 5000,
  retryAttemptsForCreated: 16,
  retryAttemptsForAssigned: 4,
  blockInstanceMetadata: false,
  namespaced: false,
  conntrackDeletion: false,
});

/**
 * Flags to change; `undefined` leaves one as it is.
 *
 * @public
 */
export type NmiSettingsInit = { readonly [K in keyof NmiSettings]?: NmiSettings[K] | undefined };

/** `given` over `current`, where it says something. */
export function mergeSettings(current: NmiSettings, given: NmiSettingsInit): NmiSettings {
  const said = Object.entries(given).filter(([, value]: [string, unknown]) => value !== undefined);
  return Object.freeze({ ...current, ...Object.fromEntries(said) });
}
