/** Commands that need the library, and what it depends on; loaded by name once one of them is called. */
export { checkToken } from "./check-token.js";
export { doctor } from "./doctor.js";
export { serve } from "./serve.js";
export { waitArm } from "./wait-arm.js";
export { waitToken } from "./wait-token.js";
