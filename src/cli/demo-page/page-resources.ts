import { KEY_VAULT, STORAGE } from "../demo-script.js";

/** A resource that services need tokens for, and its name for people. */
export interface PageResource {
  readonly resource: string;
  readonly name: string;
}

/**
 * In the order in which the services come to need them. A token that is in hand is served for a day, whatever happens to
 * the node: only a token that nobody has yet shows what the node does now.
 */
export const PAGE_RESOURCES: readonly [PageResource, ...PageResource[]] = [
  { resource: KEY_VAULT, name: "Key Vault" },
  { resource: STORAGE, name: "Storage" },
  { resource: "https://database.windows.net", name: "SQL Database" },
  { resource: "https://servicebus.azure.net", name: "Service Bus" },
  { resource: "https://eventhubs.azure.net", name: "Event Hubs" },
  { resource: "https://cosmos.azure.com", name: "Cosmos DB" },
  { resource: "https://management.azure.com", name: "Resource Manager" },
  { resource: "https://graph.microsoft.com", name: "Graph" },
];
