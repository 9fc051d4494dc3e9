import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** Most of a file that is read; a service account token has 1 to 2 KiB. */
export const MAX_TOKEN_FILE_BYTES: number = 64 * 1024;

/** The contents of a file that is no longer than {@link MAX_TOKEN_FILE_BYTES}; otherwise what it is instead. */
export type TokenFile = { readonly text: string } | { readonly defect: "too-large" | "no-file" };

/** Reads the file at a path, now. Rejects with Node's error. */
export type TokenFileReader = (path: string) => Promise<TokenFile>;

/**
 * The {@link TokenFileReader} of production. By path each time: the kubelet replaces the file by moving a link, so that a
 * handle that is kept would go on to show the old one (kubernetes pkg/volume/util/atomic_writer.go). Without waiting for
 * a writer where the path names a pipe.
 */
export const readTokenFile: TokenFileReader = async (path) => {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) return { defect: "no-file" };
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_TOKEN_FILE_BYTES + 1));
    if (bytesRead > MAX_TOKEN_FILE_BYTES) return { defect: "too-large" };
    return { text: buffer.toString("utf8", 0, bytesRead) };
  } finally {
    await file.close();
  }
};
