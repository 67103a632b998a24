import assert from "node:assert/strict";
import { caBundleFaults, openCaBundle } from "../../../../src/cli/operator/ca_bundle.ts";
import { CertificateAuthority } from "../../../sandbox/azure/certificates.ts";

const log = { warn: () => {} };

async function inFile<T>(text: string, use: (path: string) => T): Promise<T> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, text);
    return use(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("--azure-ca-bundle: without it there is no bundle, and nothing wrong", () => {
  assert.deepEqual(caBundleFaults({}), []);
  assert.equal(openCaBundle({}, log), undefined);
});

Deno.test("--azure-ca-bundle: a good file is taken", async () => {
  const { pem } = await CertificateAuthority.create(Date.now());
  await inFile(pem, (azureCaBundle) => {
    assert.deepEqual(caBundleFaults({ azureCaBundle }), []);
    assert.equal(openCaBundle({ azureCaBundle }, log)?.certificates.length, 1);
  });
});

Deno.test("--azure-ca-bundle: a bad file is one sentence with flag, file and remedy", async () => {
  await inFile("nothing", (azureCaBundle) => {
    assert.deepEqual(caBundleFaults({ azureCaBundle }), [
      `--azure-ca-bundle="${azureCaBundle}" holds no certificate in PEM format ` +
      "(-----BEGIN CERTIFICATE-----); put one there.",
    ]);
  });
  assert.deepEqual(caBundleFaults({ azureCaBundle: "/nowhere/ca.crt" }), [
    '--azure-ca-bundle="/nowhere/ca.crt" does not exist; mount the ConfigMap or Secret of the ' +
    "bundle there.",
  ]);
});
