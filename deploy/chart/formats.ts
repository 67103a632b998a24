import { AUDIENCE } from "../../src/cli/flags/credential_options.ts";
import type { FLAGS } from "../../src/cli/flags/flag_table.ts";
import {
  ENCODERS,
  STACKTRACE_LEVELS,
  TIME_ENCODINGS,
  ZAP_LEVELS,
} from "../../src/cli/flags/log_options.ts";
import { DNS_SUBDOMAIN, LABEL_NAME } from "../../src/kubernetes/resources/names.ts";
import { within } from "./re2.ts";

/** How the value of a flag is written, for the chart to judge it as the operator would. */
export interface Format {
  /**
   * Of the whole value, or of each item of a list. Both RE2 and JavaScript with the flag `u` read
   * it, and it matches whatever the operator takes.
   */
  readonly pattern: string;
  /** What is wrong where it does not match, as a clause with its remedy. */
  readonly fault: string;
}

const SPACE = "[ \\t\\r\\n]*";
const NAME = within(LABEL_NAME);
const KEY = `(${within(DNS_SUBDOMAIN)}/)?${NAME}`;
const VALUE = `(${NAME})?`;
/** An empty place stands for the empty value, but `()` holds no place. */
const SET = `\\(${SPACE}(${NAME}${SPACE}(,${SPACE}${VALUE}${SPACE})*|` +
  `(,${SPACE}${VALUE}${SPACE})+)\\)`;
const CONDITION = `${SPACE}(==?|!=)${SPACE}${VALUE}|${SPACE}[<>]${SPACE}[0-9]{1,63}|` +
  `[ \\t\\r\\n]+(in|notin)${SPACE}${SET}`;
const REQUIREMENT = `(!${SPACE}${KEY}|${KEY}(${CONDITION})?)`;
const SELECTOR = `${SPACE}(${REQUIREMENT}${SPACE}(,${SPACE}${REQUIREMENT}${SPACE})*)?`;

const URI = within(AUDIENCE);
const ENTRA_HOST = "((?i:https)://)?(\\[[0-9A-Fa-f:.]+\\]|[^\\p{Z}\\p{Cc}/?#@:\\[\\]]+)" +
  "(:[0-9]*)?[/\\\\]?";

/** The flags whose values have a format that a pattern can tell. */
export const FORMATS: { readonly [N in keyof typeof FLAGS]?: Format } = {
  "label-selector": format(
    SELECTOR,
    "is no label selector; write one such as environment!=prod,tier in (web,api) after =",
  ),
  "acr-audience": format(
    `auto|arm|acr|${URI}`,
    "is no audience; write auto, arm, acr, or a URL such as https://containerregistry.azure.net",
  ),
  "allowed-entra-authority-hosts": format(
    ENTRA_HOST,
    "names what is no Entra host; write names alone, such as login.microsoftonline.com",
  ),
  "allowed-resource-manager-audiences": format(
    URI,
    "names what is no audience; write URLs such as https://management.azure.com/",
  ),
  "zap-encoder": words(ENCODERS),
  "zap-log-level": format(
    `(?i:${Object.keys(ZAP_LEVELS).join("|")})|\\+?0*[1-9][0-9]*`,
    "is not known; write debug, info, error, panic, or an integer above 0 after =",
  ),
  "zap-stacktrace-level": words(STACKTRACE_LEVELS),
  "zap-time-encoding": words(TIME_ENCODINGS),
};

function words(choices: Readonly<Record<string, unknown>>): Format {
  const known = Object.keys(choices);
  return format(`(?i:${known.join("|")})`, `is not known; write ${known.join(" or ")} after =`);
}

function format(whole: string, fault: string): Format {
  return { pattern: `^(${whole})$`, fault };
}
