const { DefaultAzureCredential } = require("azure-identity-guard");

new DefaultAzureCredential().getToken("https://vault.azure.net/.default").then(() => {
  process.send("token");
  process.disconnect();
});
