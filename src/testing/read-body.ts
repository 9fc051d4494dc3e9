import type { IncomingMessage } from "node:http";

/** The body as text; `undefined` where it is larger than `maxBytes`. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    // A request without an encoding yields buffers.
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size <= maxBytes) chunks.push(bytes);
    // Reading some more lets a client that only writes see the answer; a hundredfold excess is no mistake.
    else if (size > maxBytes * 100) request.destroy();
  }
  return size > maxBytes ? undefined : Buffer.concat(chunks).toString("utf8");
}
