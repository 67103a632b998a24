import { BYTE_LIST, byteListEnd } from "./byte_list.ts";
import { encodedEnd } from "./encoded.ts";
import { isDigest, isMixed, SHORTEST_RUN } from "./encoded_run.ts";
import { blanksEnd, endsInMark, quotationAt, quotationEnd } from "./quotation.ts";
import { SECRET_NAMES } from "./secret_names.ts";

/** What a credential fills of a text: from one index to before another. */
export interface CredentialPlace {
  readonly from: number;
  readonly to: number;
}

/**
 * Tells whether what begins at `at` and goes on at `after` is a credential. It looks at a bounded
 * piece of the text, at blanks, or at what it then claims, so that all together stay linear.
 */
type Recognize = (text: string, at: number, after: number) => CredentialPlace | undefined;

/** Every credential begins with one of these, in which no quantifier is without a bound. */
const KINDS: readonly (readonly [beginning: string, recognize: Recognize])[] = [
  // Base64 of `{` and then a quote or white space: a JWT, or a whole dockerconfigjson.
  ["ey[JIA]|ewo[gJi]|ewk[gJi]|ew0K", encoded(11, true)],
  // The same encoded once more, as where somebody encodes the data of a Secret again.
  ["ZXl[JKB]|ZXdv|ZXdr|ZXcw", encoded(32, false)],
  // Base64 of the user name 00000000-0000-0000-0000-000000000000, and that once more.
  ["MDAwMDAwMDAtMDAw|TURBd01EQXdNREF0", encoded(24, false)],
  // Base64 of `-----BEGIN`, and PEM itself.
  ["LS0tLS1CRUdJ", encoded(32, false)],
  ["-----BEGIN [A-Z]{0,9} ?PRIVATE KEY-----", privateKey],
  // Base64 of a JSON array of objects, as the patch of an AdmissionResponse, or of JSON in JSON.
  ["W3s[iKgJN]|W[wy][opAIkN][gJIKe]|Intc|ImV5", encoded(32, false)],
  // Base64 of an Authorization header.
  ["QmVhcmVyI|YmVhcmVyI|QmFzaWMg|YmFzaWMg", encoded(32, false)],
  [BYTE_LIST, bytes],
  [":\\/\\/", userInformation],
  ["(?i:bearer|basic)", authorization],
  [`(?i:${SECRET_NAMES})`, named],
  // Hexadecimal digits of a JSON object, array or string, of a JWT, and any others.
  ["(?:7[bB]|5[bB])(?:22|0[aA]|7[bB])[0-9a-fA-F]{28}|65794[aA][0-9a-fA-F]{26}", digits],
  [`[0-9a-f]{${SHORTEST_RUN}}|[0-9A-F]{${SHORTEST_RUN}}`, digits],
  [`[A-Za-z0-9+/_-]{${SHORTEST_RUN}}`, run],
];

/** Finds where a credential may begin. The number of the group tells the kind. */
export const BEGINNING = new RegExp(KINDS.map(([beginning]) => `(${beginning})`).join("|"), "g");

/** The credential that begins where `BEGINNING` matched, if it is one. */
export function credentialAt(text: string, found: RegExpExecArray): CredentialPlace | undefined {
  const kind = found.findIndex((group, index) => index > 0 && group !== undefined) - 1;
  return KINDS[kind]?.[1](text, found.index, found.index + found[0].length);
}

function encoded(shortest: number, dots: boolean): Recognize {
  return (text, at) => atLeast(shortest, at, encodedEnd(text, at, dots));
}

function atLeast(shortest: number, from: number, to: number): CredentialPlace | undefined {
  return to - from < shortest ? undefined : { from, to };
}

/** To the end of the key, or of a text that was cut before it. */
function privateKey(text: string, from: number, after: number): CredentialPlace {
  const end = text.indexOf("-----END", after);
  const line = end < 0 ? -1 : text.indexOf("-----", end + "-----END".length);
  return { from, to: line < 0 ? text.length : line + "-----".length };
}

/** The bytes of a text as numbers. */
function bytes(text: string, from: number, after: number): CredentialPlace | undefined {
  const to = byteListEnd(text, after);
  return to === undefined ? undefined : { from, to };
}

function digits(text: string, from: number): CredentialPlace | undefined {
  return isDigest(text, from) ? undefined : { from, to: encodedEnd(text, from, false) };
}

/** Base64 of whatever it is. */
function run(text: string, from: number): CredentialPlace | undefined {
  return isMixed(text, from) ? { from, to: encodedEnd(text, from, true) } : undefined;
}

/** The longest user name and password that are looked for in a URL. */
const LONGEST_USER = 512;

function userInformation(text: string, _: number, from: number): CredentialPlace | undefined {
  const longest = Math.min(text.length, from + LONGEST_USER);
  for (let to = from; to < longest; to++) {
    const char = text[to]!;
    if (char === "@") return atLeast(1, from, to);
    if ("/?#\"'<> \t\r\n".includes(char)) return undefined;
  }
  return undefined;
}

/** Token68 of RFC 9110, section 11.2, after the scheme. Shorter ones are words of prose. */
function authorization(text: string, at: number, after: number): CredentialPlace | undefined {
  const from = blanksEnd(text, text.startsWith("%20", after) ? after + 3 : after);
  if (from === after || isWithinWord(text, at)) return undefined;
  return atLeast(16, from, encodedEnd(text, from, true));
}

/** A value in quotation marks after the name of a member, or the value of a field of a form. */
function named(text: string, at: number, after: number): CredentialPlace | undefined {
  if (isWithinWord(text, at)) return undefined;
  const name = quotationAt(text, after)?.end ?? after;
  const separator = blanksEnd(text, name);
  const value = separatorEnd(text, separator);
  if (value === separator) return undefined;
  const quotation = quotationAt(text, blanksEnd(text, value));
  if (quotation !== undefined) return atLeast(1, quotation.end, quotationEnd(text, quotation));
  const isField = separator === after && !text.startsWith(":", separator);
  return isField ? atLeast(1, value, fieldEnd(text, value)) : undefined;
}

function isWithinWord(text: string, at: number): boolean {
  return /[A-Za-z0-9]/.test(text[at - 1] ?? "") && !endsInMark(text, at);
}

const SEPARATORS = [":", "=", "%3A", "%3D", "%3a", "%3d"];

function separatorEnd(text: string, at: number): number {
  return at + (SEPARATORS.find((each) => text.startsWith(each, at))?.length ?? 0);
}

function fieldEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && !"&\"',; \t\r\n".includes(text[end]!)) end++;
  return end;
}
