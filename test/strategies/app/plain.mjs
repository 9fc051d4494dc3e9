// The application of strategies that check outside of it: a credential of the SDK as it is.
import { ManagedIdentityCredential } from "@azure/identity";
import { reportIdentity } from "./report-identity.mjs";

reportIdentity(new ManagedIdentityCredential());
