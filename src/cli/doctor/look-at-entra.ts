import type { HttpProbe } from "../../gate/http-probe.js";
import { errorCode, type ProbeContext } from "../../gate/route-probe.js";
import { withTimeLimit } from "../../gate/time-limit.js";
import type { EntraLook, SettingsFacts } from "./observations.js";
import type { TimedProbe } from "./timed-probe.js";
import { took } from "./words.js";

const PUBLIC_CLOUD = "https://login.microsoftonline.com";

/** Whether Entra ID can be reached, by a page that needs no token. One request; rejects with `signal.reason` only. */
export async function lookAtEntra(
  { probe, ms }: TimedProbe,
  { authorityHost = PUBLIC_CLOUD, tenantId = "common" }: SettingsFacts,
  context: ProbeContext & { readonly limitMs: number },
): Promise<EntraLook> {
  const { limitMs } = context;
  const origin = URL.canParse(authorityHost) ? new URL(authorityHost).origin : PUBLIC_CLOUD;
  const url = `${origin}/${encodeURIComponent(tenantId)}/v2.0/.well-known/openid-configuration`;
  const look = (answered: boolean, detail: string): EntraLook => ({
    url: origin,
    answered,
    detail,
    ms: ms(),
  });
  try {
    const answer = await withTimeLimit(
      limitMs,
      async (signal: AbortSignal): ReturnType<HttpProbe> => await probe(url, { signal }),
      context,
    );
    if (answer.timedOut) return look(false, `${origin} did not answer within ${took(limitMs)}`);
    return look(true, `${origin} answered ${answer.value.status}`);
  } catch (error) {
    context.signal.throwIfAborted();
    return look(false, `no connection to ${origin}: ${errorCode(error)}`);
  }
}
