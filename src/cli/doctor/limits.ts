import { PROBE_LIMIT_MS } from "../../gate/route-probe.js";

/** Longest waits of single looks, in milliseconds. */
export interface Limits {
  /** Everything together. */
  readonly allMs: number;
  /** One answer of NMI, of the migration proxy or on the token path. */
  readonly probeMs: number;
  /** A handshake and an answer of Entra ID, from another continent. */
  readonly entraMs: number;
  /** A file: one of a network volume may take for ever. */
  readonly fileMs: number;
  /** A token, which comes last and has what is left. */
  readonly tokenMs: number;
}

/** NMI, when it answers at all, does so within 1 s; one that holds a request does so for longer than anybody looks on. */
const TOKEN_LIMIT_MS = 5_000;
const ENTRA_LIMIT_MS = 3_000;
const FILE_LIMIT_MS = 1_000;

/**
 * What fits into `leftMs`. The first half is for what answers at once, where at most two answers, and two files, follow one
 * another. `patient`: a token is waited for until nothing is left.
 */
export function limitsWithin(leftMs: number, patient: boolean): Limits {
  return {
    allMs: leftMs,
    probeMs: Math.min(PROBE_LIMIT_MS, leftMs / 4),
    entraMs: Math.min(ENTRA_LIMIT_MS, leftMs / 2),
    fileMs: Math.min(FILE_LIMIT_MS, leftMs / 4),
    tokenMs: patient ? leftMs : Math.min(TOKEN_LIMIT_MS, leftMs),
  };
}
