import { DefaultAzureCredential } from "azure-identity-guard";

await new DefaultAzureCredential().getToken("https://vault.azure.net/.default");
process.send("token");
process.disconnect();
