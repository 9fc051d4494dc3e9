import type { PodInit } from "../../src/testing/pods.js";

/** A pod that has no binding, beside the one that has, which asks from nowhere: addresses for documentation are nobody's. */
export const UNLABELLED: readonly [bound: PodInit, unlabelled: PodInit] = [
  { name: "app", addresses: ["192.0.2.1"] },
  { name: "unlabelled" },
];
