import { GUID, LOOK_ALIKES, RESOURCE_ID } from "../../src/azure/identity.ts";
import { HOST_LABEL } from "../../src/azure/registry.ts";
import { AUDIENCE } from "../../src/cli/flags/credential_options.ts";
import { DECIMAL, FALSE, TRUE } from "../../src/cli/flags/flags.ts";
import { API_SERVER_AUDIENCE } from "../../src/cli/flags/token_audience.ts";
import { DNS_LABEL, DNS_SUBDOMAIN } from "../../src/kubernetes/resources/names.ts";
import { REPOSITORY, TAG } from "../manifests/image_reference.ts";
import { re2, within } from "./re2.ts";

/** Of either case: without regard to it, RE2 would take look-alikes beyond ASCII for `k` and `s`. */
const LABEL = within(HOST_LABEL).replaceAll("a-z", "A-Za-z");

/** What the chart's checks hold values against, by the names that its templates know them by. */
export const PATTERNS = {
  apiServerAudience: re2(API_SERVER_AUDIENCE),
  audience: re2(AUDIENCE),
  boolean: `^(${within(TRUE)}|${within(FALSE)})$`,
  decimal: re2(DECIMAL),
  domain: re2(DNS_SUBDOMAIN),
  guid: re2(GUID),
  host: `^${LABEL}(\\.${LABEL})+$`,
  identity: `(?i)${re2(RESOURCE_ID)}`,
  lookAlikes: re2(LOOK_ALIKES),
  namespace: re2(DNS_LABEL),
  repository: re2(REPOSITORY),
  tag: re2(TAG),
} as const;
