/** Hosts of Azure's own resources, which say nothing of whose they are. */
const KNOWN: ReadonlySet<string> = new Set([
  "vault.azure.net",
  "vault.azure.cn",
  "vault.usgovcloudapi.net",
  "managedhsm.azure.net",
  "storage.azure.com",
  "management.azure.com",
  "management.core.windows.net",
  "management.usgovcloudapi.net",
  "management.chinacloudapi.cn",
  "graph.microsoft.com",
  "graph.microsoft.us",
  "microsoftgraph.chinacloudapi.cn",
  "database.windows.net",
  "ossrdbms-aad.database.windows.net",
  "cosmos.azure.com",
  "redis.azure.com",
  "servicebus.azure.net",
  "eventhubs.azure.net",
  "eventgrid.azure.net",
  "azconfig.io",
  "cognitiveservices.azure.com",
  "ai.azure.com",
  "search.azure.com",
  "monitor.azure.com",
  "api.loganalytics.io",
  "batch.core.windows.net",
  "datalake.azure.net",
  "kusto.kusto.windows.net",
  "dev.azuresynapse.net",
]);

/**
 * A resource as it may be shown to everybody: the host of one of Azure's own, else `other`, since an application's own
 * resource may hold its client ID or the name of a tenant.
 */
export function publicKey(key: string, details: boolean): string {
  if (details) return key;
  const host = /^https:\/\/([^/?#\s]+)\S*$/iu.exec(key)?.[1]?.toLowerCase();
  return host !== undefined && KNOWN.has(host) ? host : "other";
}
