// Files of undici 7 that its own types do not describe; see src/endpoint/load-undici.ts.
declare module "undici/lib/dispatcher/client.js" {
  import { Client } from "undici";
  export { Client as default };
}

declare module "undici/lib/core/connect.js" {
  import { buildConnector } from "undici";
  export { buildConnector as default };
}

declare module "undici/lib/api/api-request.js" {
  import type { Dispatcher } from "undici";
  const request: (this: Dispatcher, options: Dispatcher.RequestOptions) => Promise<Dispatcher.ResponseData>;
  export { request as default };
}
