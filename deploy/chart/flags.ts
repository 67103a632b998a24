import { optional } from "../../src/runtime/optional.ts";
import { DEFAULT_SUFFIXES } from "../../src/azure/registry.ts";
import { FLAGS } from "../../src/cli/flags/flag_table.ts";
import type { Flag } from "../../src/cli/flags/flags.ts";
import { PATTERNS } from "./patterns.ts";
import { type Format, FORMATS } from "./formats.ts";
import { SET_ELSEWHERE, type SetElsewhere } from "../manifests/flags_set_elsewhere.ts";
import { RESERVED_NAMESPACES } from "../manifests/reserved_namespaces.ts";

/** The flags that have no effect without a mounted certificate. */
const OF_CERTIFICATE: readonly string[] = ["metrics-cert-name", "metrics-cert-key"];

/** What is known of one flag where the operator is installed. */
export interface ChartFlag {
  readonly kind: Flag["kind"];
  /** The flag's own name, where this is another spelling of it. */
  readonly name: string;
  /** Why the chart takes it in no `extraArgs`, as a clause with its remedy. */
  readonly refused?: string;
  readonly choices?: readonly string[];
  readonly format?: Format;
  readonly ofCertificate?: boolean;
}

/** What the chart knows of the operator. */
export interface ChartFacts {
  readonly suffixes: readonly string[];
  /** The namespaces in which it may not be installed. */
  readonly reservedNamespaces: Format;
  readonly patterns: typeof PATTERNS;
  /** By every spelling, without dashes. */
  readonly flags: Readonly<Record<string, ChartFlag>>;
}

/**
 * What the chart must know to check its values as the operator would: every spelling of every flag,
 * the suffixes of registries that are allowed by default, the namespaces that `deno task deploy`
 * refuses, and how what it checks is written.
 */
export function chartFacts(): ChartFacts {
  const flags = Object.entries<Flag>(FLAGS).flatMap(([name, flag]) =>
    [name, ...flag.aliases ?? []].map((spelling) => [spelling, chartFlag(name, flag)] as const)
  );
  const { pattern, fault } = RESERVED_NAMESPACES;
  return {
    suffixes: DEFAULT_SUFFIXES,
    reservedNamespaces: { pattern: pattern.source, fault },
    patterns: PATTERNS,
    flags: Object.fromEntries(flags),
  };
}

function chartFlag(name: string, flag: Flag): ChartFlag {
  const elsewhere = (SET_ELSEWHERE as Readonly<Record<string, SetElsewhere>>)[name];
  const refused = elsewhere === undefined ? flag.refused : `${elsewhere.why}; ${elsewhere.chart}`;
  const choices = choicesOf(name, flag);
  const formats: Readonly<Record<string, Format>> = FORMATS;
  const format = formats[name];
  return {
    kind: flag.kind,
    name,
    ...optional("refused", refused),
    ...optional("choices", choices),
    ...optional("format", format),
    ...(OF_CERTIFICATE.includes(name) ? { ofCertificate: true } : {}),
  };
}

/** The words of a placeholder such as json|text. zap's flags know more than theirs show. */
function choicesOf(name: string, { placeholder = "" }: Flag): readonly string[] | undefined {
  if (name.startsWith("zap-") || !/^[a-z]+(\|[a-z]+)+$/.test(placeholder)) return undefined;
  return placeholder.split("|");
}
