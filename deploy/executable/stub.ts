/** The part of the checksum's check that touches the machine. */
export interface StubOptions {
  /** Of Deno's names, such as aarch64-unknown-linux-gnu. */
  readonly target: string;
  /** What `deno info --json` calls denoDir. */
  readonly denoDirectory: string;
  readonly version: string;
  /** The variable DENORT_BIN, by which Deno takes a file instead of its own download. */
  readonly given: string | undefined;
}

const CHECKSUM = /^(amd64|arm64)=([0-9a-f]{64})$/;

/**
 * Reads SHA-256 sums of Deno's runtime stub, as `amd64=HASH,arm64=HASH`. Throws an Error that says
 * what is wrong.
 */
export function parseChecksums(text: string): ReadonlyMap<string, string> {
  const items = text.split(",").map((item) => item.trim()).filter(Boolean);
  return new Map(items.map((item) => {
    const [, architecture, checksum] = CHECKSUM.exec(item) ?? [];
    if (architecture !== undefined && checksum !== undefined) return [architecture, checksum];
    throw new Error(
      `"${item}" is no checksum: write amd64=HASH or arm64=HASH, with the SHA-256 in 64 ` +
        "hexadecimal digits",
    );
  }));
}

/**
 * The file that executables begin with: what Deno keeps of its download, an archive, or the file
 * that DENORT_BIN names.
 */
export function stubPath({ target, denoDirectory, version, given }: StubOptions): string {
  return given || `${denoDirectory}/dl/release/v${version}/denort-${target}.zip`;
}

/** Throws an Error unless the file at `path` has that SHA-256. */
export async function verifyStub(path: string, expected: string): Promise<void> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  const actual = new Uint8Array(digest).toHex();
  if (actual === expected) return;
  throw new Error(
    `${path} has the SHA-256 ${actual}, not ${expected}: the executable is not to be used`,
  );
}
