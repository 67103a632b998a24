import type { RestClient } from "../../kubernetes/http/contract.ts";
import { tokenAccess } from "../../kubernetes/resources/token_access.ts";
import type { Clock } from "../../runtime/time/clock.ts";
import type { AccessDecision, Authorize } from "../../telemetry/serving/authorization.ts";
import { certificateFromFiles, ownCertificate } from "../../http_server/certificate.ts";
import type { Logger } from "../../telemetry/log/logger.ts";
import type { MetricsSecurity } from "../../telemetry/serving/server.ts";
import type { Options } from "../flags/options.ts";

/** Names of a certificate that the process makes: scrapers by address cannot check any. */
const OWN_HOSTS = ["localhost", "msi-acrpull-controller-manager-metrics-service"];

/** How metrics are protected as the options say; undefined where they are plain. */
export function metricsSecurityOf(
  { metricsSecurity }: Options,
  { rest, clock, log }: {
    readonly rest: RestClient;
    readonly clock: Clock;
    readonly log: Logger;
  },
  readFile: (path: string) => Promise<string> = (path) => Deno.readTextFile(path),
): MetricsSecurity | undefined {
  if (metricsSecurity === undefined) return undefined;
  const { files } = metricsSecurity;
  const access = tokenAccess({ path: "/metrics", verb: "get" }, { rest, clock });
  return {
    certificate: files === undefined
      ? ownCertificate(OWN_HOSTS, clock)
      : certificateFromFiles(files, readFile),
    authorize: telling(access, log),
    log,
  };
}

/** Tells of tokens that could not be checked, once for each reason in a row. */
function telling(access: Authorize, log: Logger): Authorize {
  let lastProblem: string | undefined;
  return async (token): Promise<AccessDecision> => {
    try {
      const verdict = await access(token);
      lastProblem = undefined;
      return verdict;
    } catch (error) {
      const { message } = error as Error;
      if (message !== lastProblem) log.warn("cannot check who reads metrics", { error });
      lastProblem = message;
      throw error;
    }
  };
}
