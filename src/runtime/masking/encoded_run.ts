/** So many characters of base64 or hexadecimal digits in a row are taken for a credential. */
export const SHORTEST_RUN = 64;

/** Names of Kubernetes, Azure and DNS seldom have as many characters without a dash, dot or slash. */
const SHORTEST_PIECE = 20;
/** Random base64 has about twice as many in 64 characters, and ten digits. */
const FEWEST_CASE_CHANGES = 10;
const FEWEST_DIGITS = 4;

/** Digests that messages name images by, in hexadecimal digits. */
const DIGEST_LENGTHS: readonly (readonly [algorithm: string, length: number])[] = [
  ["sha256", 64],
  ["sha512", 128],
];
const LONGEST_DIGEST = 128;

/**
 * Whether 64 characters of the base64 alphabet at `at` mix capitals, small letters and digits as
 * base64 does. Paths, resource IDs and UUIDs are of the same alphabet, in shorter pieces.
 */
export function isMixed(text: string, at: number): boolean {
  let caseChanges = 0;
  let digits = 0;
  const end = at + SHORTEST_RUN;
  for (let from = at; from < end;) {
    const piece = pieceAt(text, from, end);
    if (piece.end - from >= SHORTEST_PIECE) {
      caseChanges += piece.caseChanges;
      digits += piece.digits;
    }
    from = piece.end + 1;
  }
  return caseChanges >= FEWEST_CASE_CHANGES && digits >= FEWEST_DIGITS;
}

/** Such that no two of them but a capital and a small letter add up to the same sum. */
const [SEPARATOR, OTHER, DIGIT, CAPITAL, SMALL] = [0, 1, 2, 4, 8];

const CLASSES = Uint8Array.from({ length: 128 }, (_, code) => classOf(String.fromCharCode(code)));

function pieceAt(text: string, from: number, end: number) {
  let [at, caseChanges, digits, last] = [from, 0, 0, OTHER];
  for (; at < end; at++) {
    const kind = CLASSES[text.charCodeAt(at)]!;
    if (kind === SEPARATOR) break;
    if (kind === DIGIT) digits++;
    if (kind + last === CAPITAL + SMALL) caseChanges++;
    last = kind;
  }
  return { end: at, caseChanges, digits };
}

function classOf(char: string): number {
  if ("/_-".includes(char)) return SEPARATOR;
  if (/[0-9]/.test(char)) return DIGIT;
  if (/[A-Z]/.test(char)) return CAPITAL;
  return /[a-z]/.test(char) ? SMALL : OTHER;
}

/** Whether the hexadecimal digits around `at` are the whole digest that their prefix says. */
export function isDigest(text: string, at: number): boolean {
  let from = at;
  while (at - from < LONGEST_DIGEST && isHex(text.charCodeAt(from - 1))) from--;
  // The colon of a URL ends in what could be two digits more.
  if (["%3A", "%3a"].some((colon) => text.startsWith(colon, from - 1))) from += 2;
  let to = at;
  while (to - from <= LONGEST_DIGEST && isHex(text.charCodeAt(to))) to++;
  return DIGEST_LENGTHS.some(([algorithm, length]) =>
    to - from === length &&
    [":", "%3A", "%3a"].some((colon) => isBefore(text, algorithm + colon, from))
  );
}

function isBefore(text: string, prefix: string, at: number): boolean {
  return at >= prefix.length && text.startsWith(prefix, at - prefix.length);
}

function isHex(code: number): boolean {
  const small = code | 0x20;
  return (code >= 0x30 && code <= 0x39) || (small >= 0x61 && small <= 0x66);
}
