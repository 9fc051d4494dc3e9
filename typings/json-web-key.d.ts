import type { JsonWebKey as NodeJsonWebKey } from "node:crypto";

declare global {
  // @azure/msal-common 16 (types/crypto/JoseHeader.d.ts), which comes with @azure/identity, names a type of the DOM. This
  // library is checked without the DOM and with `skipLibCheck: false`, so it gets Node's type of the same shape.
  type JsonWebKey = NodeJsonWebKey;
}
