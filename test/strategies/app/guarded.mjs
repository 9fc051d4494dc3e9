// The application of nmi-in-code and token-in-code: a guarded credential, and the probes that the manifest asks.
import { DefaultAzureCredential } from "azure-identity-guard";
import { startProbeServer } from "azure-identity-guard/probes";
import { reportIdentity } from "./report-identity.mjs";

const credential = new DefaultAzureCredential();
await startProbeServer();
reportIdentity(credential);
