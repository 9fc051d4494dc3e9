export { createProbeHandler, type ProbeHandler } from "./probe-handler.js";
export { createFetchHandler } from "./fetch-handler.js";
export { startProbeServer, type ProbeServer } from "./probe-server.js";
export type { ProbeServerOptions } from "./probe-server-options.js";
export type { DrainOptions } from "./shutdown-signals.js";
export type { EndSignal } from "../process-events.js";
export { drain, type ProbeTarget } from "./target.js";
export { renderMetrics } from "./metrics.js";
export type { ProbeName } from "../health/health-report.js";
export type { ProbeOptions } from "./probe-options.js";
export type { ProbeCheck } from "./application-check.js";
export {
  fastifyProbes,
  type FastifyProbesInstance,
  type FastifyProbesLogLevel,
  type FastifyProbesOptions,
  type FastifyProbesReply,
  type FastifyProbesRoute,
} from "./adapters/fastify.js";
export { honoProbes, type HonoProbesContext, type HonoProbesMiddleware } from "./adapters/hono.js";
export { IdentityHealthIndicator, type IdentityHealthResult } from "./adapters/nest-terminus.js";
export { terminusHealthChecks, type TerminusHealthCheck } from "./adapters/godaddy-terminus.js";
