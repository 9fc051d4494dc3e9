// Writes a blob and reads it back, again and again, as whoever the pod is.
import { DefaultAzureCredential } from "@azure/identity";
import { BlobServiceClient } from "@azure/storage-blob";

const { STORAGE_URL, CONTAINER = "reports", ROUNDS = "Infinity", PAUSE_MS = "1000" } = process.env;
if (!STORAGE_URL)
  throw new Error("STORAGE_URL names the blob service, https://<account>.blob.core.windows.net");

const credential = new DefaultAzureCredential();

console.log(JSON.stringify({ started: STORAGE_URL }));

/** One line of JSON for each operation. */
async function tell(operation, act) {
  try {
    await act();
    console.log(JSON.stringify({ operation, outcome: "ok" }));
  } catch ({ name, code, statusCode: status, message }) {
    console.log(JSON.stringify({ operation, outcome: "error", name, code, status, message }));
  }
}

for (let round = 1; round <= Number(ROUNDS); round += 1) {
  // Each round is a job of its own, with a client of its own, as a request to a web service would be.
  const container = new BlobServiceClient(STORAGE_URL, credential).getContainerClient(CONTAINER);
  const blob = container.getBlockBlobClient("latest.txt");
  const text = `round ${round}`;
  await tell("upload", async () => {
    await container.createIfNotExists();
    await blob.upload(text, Buffer.byteLength(text));
  });
  await tell("read", async () => {
    const read = (await blob.downloadToBuffer()).toString();
    if (read !== text) throw new Error(`The blob says "${read}"`);
  });
  await new Promise((resolve) => setTimeout(resolve, Number(PAUSE_MS)));
}
