import { quote } from "../../src/runtime/text/quote.ts";
import { chartFacts } from "../chart/flags.ts";
import { SET_ELSEWHERE, type SetElsewhere } from "../manifests/flags_set_elsewhere.ts";

const ARGUMENT = /^--?([^=-][^=]*)(=|$)/;

/**
 * What is wrong with each `--extra-arg` by the rules that the chart has for `extraArgs`, one sentence
 * an item: a flag that is set elsewhere, is given twice, or lacks its value. Unknown flags and values
 * are left to the operator's own parser.
 */
export function extraArgErrors(args: readonly string[]): readonly string[] {
  const { flags } = chartFacts();
  const seen = new Map<string, string>();
  return args.flatMap((arg) => {
    const [, spelling = "", equals] = ARGUMENT.exec(arg) ?? [];
    const refuse = (clause: string) => [`--extra-arg=${quote(arg)} cannot stand here: ${clause}.`];
    if (spelling === "") return refuse("it is no flag; write --extra-arg=--NAME=VALUE");
    const flag = Object.hasOwn(flags, spelling) ? flags[spelling] : undefined;
    if (flag === undefined) return [];
    const { name, kind } = flag;
    const elsewhere = elsewhereOf(flag.ofCertificate ? "metrics-cert-path" : name);
    if (elsewhere !== undefined) return refuse(`${elsewhere.why}; ${elsewhere.task}`);
    if (kind !== "boolean" && equals !== "=") {
      return refuse(`it needs a value; write --extra-arg=--${spelling}=VALUE`);
    }
    const before = seen.get(name);
    seen.set(name, arg);
    if (before === undefined || kind === "list") return [];
    return refuse(`${quote(before)} has given the flag already; leave one of them out`);
  });
}

function elsewhereOf(name: string): SetElsewhere | undefined {
  return (SET_ELSEWHERE as Readonly<Record<string, SetElsewhere>>)[name];
}
