import type { FLAGS } from "../src/cli/flags/flag_table.ts";

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
const NAME = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?";
const DOMAIN_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const KEY = `(${DOMAIN_LABEL}(\\.${DOMAIN_LABEL})*/)?${NAME}`;
const VALUE = `(${NAME})?`;
/** An empty place stands for the empty value, but `()` holds no place. */
const SET = `\\(${SPACE}(${NAME}${SPACE}(,${SPACE}${VALUE}${SPACE})*|` +
  `(,${SPACE}${VALUE}${SPACE})+)\\)`;
const CONDITION = `${SPACE}(==?|!=)${SPACE}${VALUE}|${SPACE}[<>]${SPACE}[0-9]{1,63}|` +
  `[ \\t\\r\\n]+(in|notin)${SPACE}${SET}`;
const REQUIREMENT = `(!${SPACE}${KEY}|${KEY}(${CONDITION})?)`;
const SELECTOR = `${SPACE}(${REQUIREMENT}${SPACE}(,${SPACE}${REQUIREMENT}${SPACE})*)?`;

/** An absolute URI without spaces, query and fragment. */
const AUDIENCE = "[A-Za-z][A-Za-z0-9+.-]*://[^\\p{Z}\\p{Cc}?#]+";
const ENTRA_HOST = "((?i:https)://)?(\\[[0-9A-Fa-f:.]+\\]|[^\\p{Z}\\p{Cc}/?#@:\\[\\]]+)" +
  "(:[0-9]*)?[/\\\\]?";

/** The flags whose values have a format that a pattern can tell. */
export const FORMATS: { readonly [N in keyof typeof FLAGS]?: Format } = {
  "label-selector": format(
    SELECTOR,
    "is no label selector; write one such as environment!=prod,tier in (web,api) after =",
  ),
  "acr-audience": format(
    `auto|arm|acr|${AUDIENCE}`,
    "is no audience; write auto, arm, acr, or a URL such as https://containerregistry.azure.net",
  ),
  "allowed-entra-authority-hosts": format(
    ENTRA_HOST,
    "names what is no Entra host; write names alone, such as login.microsoftonline.com",
  ),
  "allowed-resource-manager-audiences": format(
    AUDIENCE,
    "names what is no audience; write URLs such as https://management.azure.com/",
  ),
  "zap-encoder": words(["json", "console"]),
  "zap-log-level": format(
    "(?i:debug|info|error|panic)|\\+?0*[1-9][0-9]*",
    "is not known; write debug, info, error, panic, or an integer above 0 after =",
  ),
  "zap-stacktrace-level": words(["info", "error", "panic"]),
  "zap-time-encoding": words([
    "epoch",
    "millis",
    "nanos",
    "nano",
    "iso8601",
    "rfc3339",
    "rfc3339nano",
  ]),
};

function words(known: readonly string[]): Format {
  return format(`(?i:${known.join("|")})`, `is not known; write ${known.join(" or ")} after =`);
}

function format(whole: string, fault: string): Format {
  return { pattern: `^(${whole})$`, fault };
}
