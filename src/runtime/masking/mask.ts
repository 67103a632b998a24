import { BEGINNING, credentialAt } from "./credential_text.ts";
export { namesSecret } from "./secret_names.ts";
import { ELLIPSIS, start } from "../text/cut.ts";

/** What stands for a secret in whatever is told. */
export const SHOWN = "[redacted]";

/** More of a text than anybody reads, in UTF-16 units: beyond it even masking costs too much. */
const LONGEST_SCANNED = 16_384;
/** So much of what follows a cut shows whether a credential straddles it. */
const LOOK_AHEAD = 1024;

/**
 * The same text with everything that looks like a credential replaced. That is: JWTs, docker
 * credentials and private keys, as they are, in base64, in hexadecimal digits or as a list of
 * bytes; any other long run of these; values of telling names; Authorization headers; passwords in
 * URLs.
 * In time linear in the text, of which it tells no more than `longest` UTF-16 units.
 *
 * This is the last defence, for text of others such as an answer's body in an error: our own tokens
 * travel as `Redacted`.
 */
export function maskSecrets(text: string, longest: number = LONGEST_SCANNED): string {
  const scanned = text.length > longest + LOOK_AHEAD ? text.slice(0, longest + LOOK_AHEAD) : text;
  let masked = "";
  let copied = 0;
  let at = 0;
  for (;;) {
    BEGINNING.lastIndex = at;
    const found = BEGINNING.exec(scanned);
    if (found === null || found.index >= longest) break;
    const place = credentialAt(scanned, found);
    at = place?.to ?? found.index + 1;
    if (place === undefined || place.from >= longest) continue;
    masked += scanned.slice(copied, place.from) + SHOWN;
    copied = place.to;
  }
  if (text.length <= longest) return masked + text.slice(copied);
  return masked + start(text, longest).slice(copied) + ELLIPSIS;
}
