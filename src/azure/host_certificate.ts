/** One element of DER (ITU-T X.690): its tag, and where its content and the next element begin. */
interface Element {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

const SEQUENCE = 0x30;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const BOOLEAN = 0x01;

/** Of the extension BasicConstraints, 2.5.29.19. */
const BASIC_CONSTRAINTS = Uint8Array.of(0x06, 3, 0x55, 0x1d, 0x13);

/**
 * Whether a certificate, as DER, says of itself that it is no authority's, and has another's signature
 * (RFC 5280, sections 4.1 and 4.2.1.9). Nothing is trusted by such a one. One that signed itself may
 * stand for itself, and one that says nothing is an authority's of old. False where it cannot be read.
 */
export function isHostCertificate(der: Uint8Array): boolean {
  const certificate = childrenOf(der, elementAt(der, 0))[0];
  const fields = childrenOf(der, certificate).filter(({ tag }) => tag !== VERSION);
  const [, , issuer, , subject] = fields;
  if (issuer === undefined || subject === undefined) return false;
  const extensions = fields.find(({ tag }) => tag === EXTENSIONS);
  if (extensions === undefined || isSame(der, issuer, subject)) return false;
  return childrenOf(der, childrenOf(der, extensions)[0]).some((one) => deniesAuthority(der, one));
}

function deniesAuthority(der: Uint8Array, extension: Element): boolean {
  const identifier = der.subarray(extension.start, extension.start + BASIC_CONSTRAINTS.length);
  if (!isEqual(identifier, BASIC_CONSTRAINTS)) return false;
  const value = childrenOf(der, extension).at(-1);
  const constraints = value && elementAt(der, value.start);
  if (constraints?.tag !== SEQUENCE) return false;
  // The default is no authority.
  const [first] = childrenOf(der, constraints);
  return first?.tag !== BOOLEAN || der[first.start] === 0;
}

function childrenOf(der: Uint8Array, parent: Element | undefined): Element[] {
  const children: Element[] = [];
  for (let at = parent?.start ?? 0; parent !== undefined && at < parent.end;) {
    const child = elementAt(der, at);
    if (child === undefined || child.end > parent.end) return [];
    children.push(child);
    at = child.end;
  }
  return children;
}

/** Undefined where the element has no end within the text. */
function elementAt(der: Uint8Array, at: number): Element | undefined {
  const [tag, first] = [der[at], der[at + 1]];
  if (tag === undefined || first === undefined) return undefined;
  const digits = first < 0x80 ? 0 : first & 0x7f;
  const start = at + 2 + digits;
  const length = digits === 0
    ? first
    : der.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  return start + length <= der.length ? { tag, start, end: start + length } : undefined;
}

function isSame(der: Uint8Array, one: Element, other: Element): boolean {
  return isEqual(der.subarray(one.start, one.end), der.subarray(other.start, other.end));
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
