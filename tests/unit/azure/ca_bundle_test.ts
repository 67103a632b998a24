import assert from "node:assert/strict";
import { CaBundle, CaBundleError, certificatesIn } from "../../../src/azure/ca_bundle.ts";
import { Connections } from "../../../src/azure/connections.ts";
import { callAzure } from "../../../src/azure/http.ts";
import { systemClock } from "../../../src/runtime/time/clock.ts";
import { CertificateAuthority, selfSigned } from "../../sandbox/azure/certificates.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";
import { rejection, requestTo } from "./support.ts";

const tryOut = (certificate: string) => Deno.createHttpClient({ caCerts: [certificate] }).close();

const newAuthority = () => CertificateAuthority.create(Date.now());
const [FIRST, SECOND] = [(await newAuthority()).pem, (await newAuthority()).pem];
const certificate = (content: string) =>
  `-----BEGIN CERTIFICATE-----\n${content}\n-----END CERTIFICATE-----\n`;

Deno.test("CA bundle: every certificate is taken, and what stands between them is a comment", () => {
  const text = `# Issuer: one\r\n${FIRST.replaceAll("\n", "\r\n")}\nAnother:\n${SECOND}`;
  const found = certificatesIn(text, tryOut);
  assert.equal(found.length, 2);
  assert.deepEqual(found.map((each) => each.replaceAll("\r", "")), [FIRST, SECOND].map(tidy));
});

const tidy = (pem: string) => `${pem.trim()}\n`;

const HOST = (await (await newAuthority()).issue("bench.azurecr.io")).cert;

Deno.test("CA bundle: a host's certificate beside an authority's is taken", () => {
  assert.equal(certificatesIn(HOST + FIRST, tryOut).length, 2);
  assert.equal(certificatesIn(FIRST + HOST, tryOut).length, 2);
});

Deno.test("CA bundle: one that signed itself stands for itself, and is taken", async () => {
  const now = Date.now();
  for (const isAuthority of [undefined, false, true]) {
    const { cert } = await selfSigned("bench.azurecr.io", now, { isAuthority });
    assert.equal(certificatesIn(cert, tryOut).length, 1);
  }
});

Deno.test("CA bundle: of a certificate that cannot be read nothing is said but what Deno says", () => {
  for (const der of ["", "MA==", "MIA=", "MP//////", "MAUwAzABAA=="]) {
    assert.equal(certificatesIn(certificate(der), () => {}).length, 1);
  }
});

const BAD: readonly [name: string, text: string, sentence: RegExp][] = [
  ["is empty", "", /^holds no certificate in PEM format \(-----BEGIN CERTIFICATE-----\); put one/],
  ["is DER", "\x30\x82\x01", /^holds no certificate in PEM format/],
  ["is OpenSSL's own format", FIRST.replaceAll("BEGIN CERT", "BEGIN TRUSTED CERT"), /^holds no/],
  [
    "is no base64",
    certificate("!!!!"),
    /^holds a certificate, the 1\. of them, that cannot be used \(/,
  ],
  ["is no certificate", certificate("aGVsbG8="), /the 1\. of them, .*BadEncoding.*; replace it$/],
  ["ends early", FIRST.slice(0, 200), /the 1\. of them, .*it has no end/],
  [
    "has a bad one beside a good one, which Deno would take",
    FIRST + certificate("aGVsbG8="),
    /the 2\. of them/,
  ],
  [
    "holds a key",
    FIRST + "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n",
    /^holds a private key; leave that out/,
  ],
  [
    "holds a host's own alone",
    HOST + HOST,
    /^holds certificates of hosts alone, .*; put those of their authorities there$/,
  ],
  ["is no bundle at all", "x".repeat(1024 * 1024 + 1), /^is longer than 1 MiB; shorten it$/],
];

for (const [name, text, sentence] of BAD) {
  Deno.test(`CA bundle: one that ${name} is refused in one sentence`, () => {
    assert.throws(() => certificatesIn(text, tryOut), (error) => {
      assert.ok(error instanceof CaBundleError);
      assert.match(error.message, sentence);
      assert.ok(!error.message.includes("secret"));
      return true;
    });
  });
}

const UNREADABLE: readonly [error: Error, sentence: RegExp][] = [
  [new Deno.errors.NotFound("x"), /^does not exist; mount the ConfigMap or Secret/],
  [new Deno.errors.NotCapable("x"), /^may not be read by this executable; mount it in/],
  [new Deno.errors.PermissionDenied("x"), /^may not be read by this user/],
  [new Deno.errors.IsADirectory("it is a directory"), /^cannot be read: it is a directory$/],
];

for (const [error, sentence] of UNREADABLE) {
  Deno.test(`CA bundle: ${error.name} is told with its remedy`, () => {
    const readFile = () => {
      throw error;
    };
    assert.throws(
      () => new CaBundle("/x", { readFile, tryOut }, systemClock, () => {}),
      (thrown) => thrown instanceof CaBundleError && sentence.test(thrown.message),
    );
  });
}

Deno.test("CA bundle: the file is looked at once a minute, and a change is taken up", async () => {
  const time = new FakeTime();
  let [text, reads] = [FIRST, 0];
  const readFile = () => {
    reads++;
    return text;
  };
  const bundle = new CaBundle("/x", { readFile, tryOut }, time.clock, () => {});
  text = SECOND;
  await time.pass(59_999);
  assert.deepEqual([bundle.changed(), reads], [false, 1]);
  await time.pass(1);
  assert.deepEqual([bundle.changed(), reads], [true, 2]);
  assert.deepEqual(bundle.certificates, [tidy(SECOND)]);
  await time.pass(60_000);
  assert.deepEqual([bundle.changed(), reads], [false, 3]);
});

Deno.test("CA bundle: one that goes bad is told of, and what was read before stays in use", async () => {
  const time = new FakeTime();
  let text = FIRST;
  const faults: string[] = [];
  const onFault = ({ message }: CaBundleError) => void faults.push(message);
  const bundle = new CaBundle("/x", { readFile: () => text, tryOut }, time.clock, onFault);
  text = "";
  for (let minute = 0; minute < 3; minute++) {
    await time.pass(60_000);
    assert.equal(bundle.changed(), false);
  }
  assert.deepEqual([faults.length, bundle.certificates], [1, [tidy(FIRST)]]);
  text = SECOND;
  await time.pass(60_000);
  assert.equal(bundle.changed(), true);
});

Deno.test("CA bundle: hosts are trusted by it from the moment in which it names their authority", async () => {
  const time = new FakeTime();
  const authority = await newAuthority();
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  await using server = Deno.serve(
    { ...options, ...await authority.issue("localhost") },
    () => new Response("trusted"),
  );
  let text = FIRST;
  const bundle = new CaBundle("/x", { readFile: () => text, tryOut }, time.clock, () => {});
  const clients: Deno.HttpClient[] = [];
  const connections = new Connections({
    create: () => {
      clients.push(Deno.createHttpClient({ caCerts: [...bundle.certificates] }));
      return clients.at(-1)!;
    },
    clock: time.clock,
    outdated: () => bundle.changed(),
    hasBundle: true,
  });
  const url = new URL(`https://localhost:${(server.addr as Deno.NetAddr).port}/`);
  const call = () =>
    callAzure({ fetch, clock: time.clock, connections }, requestTo("token", { url }));
  const { message, failure } = await rejection(call());
  assert.equal(failure.reason, "CertificateNotTrusted");
  assert.match(
    message,
    /is from an authority that is not trusted\. The bundle of --azure-ca-bundle lacks it: add /,
  );
  text += authority.pem;
  await time.pass(60_000);
  assert.equal((await call()).body, "trusted");
  assert.equal(connections.size, 1);
  // The first was closed when it was replaced.
  clients.at(-1)!.close();
});
