import { cut } from "../../runtime/text/cut.ts";
import { maskSecrets } from "../../runtime/masking/mask.ts";

/** An argument may be as long as the kernel lets it; a person reads no more of an error. */
const LONGEST_ERROR = 2048;

/** What is printed where arguments or variables cannot be used: a line an error, without secrets. */
export function usageErrorText(errors: readonly string[]): string {
  const lines = errors.map((error) => cut(maskSecrets(error), LONGEST_ERROR));
  return [...lines, "See --help for all flags.", ""].join("\n");
}
