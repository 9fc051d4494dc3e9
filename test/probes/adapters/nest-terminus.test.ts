import "reflect-metadata";
import { Controller, Get, Inject, Logger, Module, type INestApplication, type Type } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import {
  HealthCheck,
  HealthCheckService,
  TerminusModule,
  type HealthCheckResult,
  type HealthIndicatorResult,
} from "@nestjs/terminus";
import type { Server } from "node:http";
import { describe, expect, it } from "vitest";
import { isGuardError } from "../../../src/errors.js";
import type { ProbeName } from "../../../src/health/health-report.js";
import { IdentityHealthIndicator } from "../../../src/probes/adapters/nest-terminus.js";
import { APPLICATION, ask, describeProbes, type AnswerStyle, type Served } from "./contract.js";

const STYLE: AnswerStyle = {
  contentType: "application/json; charset=utf-8",
  cacheControl: "no-cache, no-store, must-revalidate", // Terminus' own
  verbose: "",
  read(body) {
    const { details, error, info, status } = JSON.parse(body) as HealthCheckResult;
    const identity = details["identity"];
    // What Terminus makes of it: everything in `details`, and once more by whether it is well.
    expect(status === "ok" ? info : error).toEqual({ identity });
    expect(identity?.status).toBe(status === "ok" ? "up" : "down");
    return identity?.["checks"] as Record<string, string>;
  },
};

/** As in an application with decorators, without their syntax. */
class HealthController {
  readonly #health: HealthCheckService;
  readonly #identity: IdentityHealthIndicator;

  constructor(health: HealthCheckService, identity: IdentityHealthIndicator) {
    this.#health = health;
    this.#identity = identity;
  }

  async startup(): Promise<HealthCheckResult> {
    return await this.#check("startup");
  }

  async ready(): Promise<HealthCheckResult> {
    return await this.#health.check([() => this.#identity.isHealthy("identity")]);
  }

  async live(): Promise<HealthCheckResult> {
    return await this.#check("live");
  }

  orders(): string {
    return APPLICATION.body;
  }

  async #check(probe: ProbeName): Promise<HealthCheckResult> {
    return await this.#health.check([
      async (): Promise<HealthIndicatorResult> => await this.#identity.isHealthy("identity", probe),
    ]);
  }
}
Controller()(HealthController);
Inject(HealthCheckService)(HealthController, undefined, 0);
Inject(IdentityHealthIndicator)(HealthController, undefined, 1);
for (const [name, path] of [
  ["startup", "startupz"],
  ["ready", "readyz"],
  ["live", "livez"],
  ["orders", "orders"],
] as const) {
  const descriptor = Object.getOwnPropertyDescriptor(HealthController.prototype, name);
  if (descriptor === undefined) throw new Error(name);
  Get(path)(HealthController.prototype, name, descriptor);
  if (name !== "orders") HealthCheck()(HealthController.prototype, name, descriptor);
}

type Provider = Type<unknown> | { provide: Type<unknown>; useValue: unknown };

async function served(provider: Provider): Promise<Served> {
  class AppModule {
    readonly name = "health";
  }
  Module({
    imports: [TerminusModule.forRoot({ logger: false })],
    controllers: [HealthController],
    providers: [provider],
  })(AppModule);
  Logger.overrideLogger(false);
  const app: INestApplication = await NestFactory.create(AppModule);
  const server = app.getHttpServer() as Server;
  await app.listen(0, "127.0.0.1");
  return {
    url: await app.getUrl(),
    async [Symbol.asyncDispose]() {
      const closed = app.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

describe("NestJS 11 with Terminus 11", () => {
  describeProbes({
    serve: async (target, options) =>
      await served({
        provide: IdentityHealthIndicator,
        useValue: new IdentityHealthIndicator(target, options),
      }),
    style: STYLE,
    other: APPLICATION,
  });

  it("is a provider without arguments, for the whole process", async () => {
    await using server = await served(IdentityHealthIndicator);
    const { status, body } = await ask(`${server.url}/readyz`);
    expect(status).toBe(200);
    expect(STYLE.read(body)).toEqual({ gate: "ok", token: "ok", shutdown: "ok" });
  });

  it("refuses options that cannot be used", () => {
    const make = (): unknown =>
      new IdentityHealthIndicator(undefined, { checks: [{ name: "", check: () => 1 }] });
    expect(make).toThrow(
      expect.toSatisfy((error) => isGuardError(error, "ERR_GUARD_CONFIGURATION")) as Error,
    );
  });
});
