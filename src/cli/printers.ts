/** Commands that only print something, and need no library for it; loaded by name once one of them is called. */
export { completion } from "./completion.js";
export { manifest } from "./manifest.js";
