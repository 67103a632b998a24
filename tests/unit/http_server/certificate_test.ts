import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { certificateFromFiles, ownCertificate } from "../../../src/http_server/certificate.ts";
import { selfSigned } from "../../../src/http_server/self_signed.ts";

const DAY_MS = 24 * 3600_000;
const NOW = Date.UTC(2026, 10, 23);

Deno.test("certificate: one of its own is valid X.509 for its hosts, signed by its key", async () => {
  const { certificate, key } = await selfSigned(["localhost", "metrics"], NOW, NOW + 90 * DAY_MS);
  const parsed = new X509Certificate(certificate);
  assert.deepEqual({
    subject: parsed.subject,
    issuer: parsed.issuer,
    names: parsed.subjectAltName,
    from: Date.parse(parsed.validFrom),
    until: Date.parse(parsed.validTo),
    authority: parsed.ca,
  }, {
    subject: "CN=msi-acrpull metrics",
    issuer: "CN=msi-acrpull metrics",
    names: "DNS:localhost, DNS:metrics",
    from: NOW - 60_000,
    until: NOW + 90 * DAY_MS,
    authority: false,
  });
  assert.ok(parsed.verify(parsed.publicKey), "the signature is its own key's");
  assert.ok(parsed.checkPrivateKey(createPrivateKey(key.reveal())));
  assert.equal(`${key}`, "[redacted]");
});

Deno.test("certificate: one of its own is kept for 60 days of its 90, then made anew", async () => {
  let now = NOW;
  const source = ownCertificate(["localhost"], { now: () => now, after: () => () => {} });
  const first = await source();
  now += 60 * DAY_MS - 1;
  assert.equal(await source(), first);
  now += 1;
  const second = await source();
  assert.notEqual(second.certificate, first.certificate);
  now -= DAY_MS;
  const third = await source();
  assert.notEqual(third.certificate, second.certificate, "before its time it is not valid");
});

const PAIR = {
  "/c/tls.crt": "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n",
  "/c/tls.key": "-----BEGIN EC PRIVATE KEY-----\nQQ==\n-----END EC PRIVATE KEY-----\n",
};
const FAULTS: [name: string, files: Record<string, string | Error>, message: string][] = [
  [
    "no certificate",
    { "/c/tls.key": PAIR["/c/tls.key"] },
    "/c/tls.crt does not exist; mount the Secret of the certificate there",
  ],
  [
    "a key that another user owns",
    { ...PAIR, "/c/tls.key": new Deno.errors.PermissionDenied("no") },
    "/c/tls.key may not be read by this user; mount it with a mode that lets it",
  ],
  [
    "a directory that the sandbox does not allow",
    { ...PAIR, "/c/tls.crt": new Deno.errors.NotCapable("no") },
    "/c/tls.crt may not be read by this executable; see the list of its permissions",
  ],
  [
    "a key that is none",
    { ...PAIR, "/c/tls.key": "hello" },
    "/c/tls.key holds no PRIVATE KEY in PEM format; put one there",
  ],
];

function source(files: Record<string, string | Error>) {
  return certificateFromFiles({ certificate: "/c/tls.crt", key: "/c/tls.key" }, (path) => {
    const file = files[path] ?? new Deno.errors.NotFound(path);
    return typeof file === "string" ? Promise.resolve(file) : Promise.reject(file);
  });
}

Deno.test("certificate: two files are read anew each time", async () => {
  const files = { ...PAIR };
  const read = source(files);
  assert.equal((await read()).key.reveal(), PAIR["/c/tls.key"]);
  files["/c/tls.crt"] += files["/c/tls.crt"];
  assert.equal((await read()).certificate, PAIR["/c/tls.crt"].repeat(2));
});

for (const [name, files, message] of FAULTS) {
  Deno.test(`certificate: ${name}`, async () => {
    await assert.rejects(source(files)(), { message });
  });
}
