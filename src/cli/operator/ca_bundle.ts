import { CaBundle, CaBundleError, type CaBundleSources } from "../../azure/ca_bundle.ts";
import { systemClock } from "../../runtime/time/clock.ts";
import { quote } from "../../runtime/text/quote.ts";
import type { Logger } from "../../telemetry/log/logger.ts";
import type { Options } from "../flags/options.ts";

/** Where the manifests mount the bundle, and all that the executable may read. */
export const CA_BUNDLE_DIRECTORY = "/etc/msi-acrpull/azure-ca";

const FLAG = "--azure-ca-bundle";

const SOURCES: CaBundleSources = {
  readFile: Deno.readTextFileSync,
  tryOut: (certificate) => Deno.createHttpClient({ caCerts: [certificate] }).close(),
};

/** What is wrong with the file of `--azure-ca-bundle`, one sentence an item. */
export function caBundleFaults({ azureCaBundle }: Pick<Options, "azureCaBundle">): string[] {
  if (azureCaBundle === undefined) return [];
  try {
    new CaBundle(azureCaBundle, SOURCES, systemClock, () => {});
    return [];
  } catch (error) {
    if (!(error instanceof CaBundleError)) throw error;
    return [`${FLAG}=${quote(azureCaBundle)} ${error.message}.`];
  }
}

/**
 * The bundle of `--azure-ca-bundle`; undefined without that flag. Throws a CaBundleError where it
 * cannot be used.
 */
export function openCaBundle(
  { azureCaBundle }: Pick<Options, "azureCaBundle">,
  log: Pick<Logger, "warn">,
): CaBundle | undefined {
  if (azureCaBundle === undefined) return undefined;
  return new CaBundle(azureCaBundle, SOURCES, systemClock, ({ message }) => {
    log.warn(`${FLAG}=${quote(azureCaBundle)} ${message}; what was read before stays in use`);
  });
}
