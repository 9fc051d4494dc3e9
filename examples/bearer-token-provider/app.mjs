// Asks a model over plain HTTP, as an application does that has no Azure client: `getBearerTokenProvider` gives it tokens.
import { getBearerTokenProvider } from "@azure/identity";
import { DefaultAzureCredential } from "azure-identity-guard";

const { AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_DEPLOYMENT = "gpt-4o" } = process.env;
if (!AZURE_OPENAI_ENDPOINT) {
  throw new Error("AZURE_OPENAI_ENDPOINT names the resource, https://<name>.openai.azure.com");
}

// The `openai` package takes the same function: new AzureOpenAI({ azureADTokenProvider: getBearerToken, ... }).
const getBearerToken = getBearerTokenProvider(
  new DefaultAzureCredential(),
  "https://cognitiveservices.azure.com/.default",
);

async function complete(prompt) {
  const path = `/openai/deployments/${AZURE_OPENAI_DEPLOYMENT}/chat/completions?api-version=2024-10-21`;
  const response = await fetch(new URL(path, AZURE_OPENAI_ENDPOINT), {
    method: "POST",
    headers: {
      // Asked for each request: the provider keeps the token, and renews it before it expires.
      Authorization: `Bearer ${await getBearerToken()}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify({ messages: [{ role: "user", content: prompt }] }),
  });
  if (!response.ok) throw new Error(`The model answered ${response.status}`);
  const { choices } = await response.json();
  return choices[0].message.content;
}

const answers = await Promise.all(["Why is the sky blue?", "And the sea?"].map(complete));
console.log(answers.join("\n"));
