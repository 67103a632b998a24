import assert from "node:assert/strict";
import { ConfigError } from "../../../../src/kubernetes/config/errors.ts";
import { HttpClientSlot } from "../../../../src/kubernetes/http/http_client.ts";
import { Redacted } from "../../../../src/runtime/masking/redacted.ts";
import {
  CERTIFICATE,
  fakeHttpClients,
  fixedCluster,
  PRIVATE_KEY,
  rejection,
  settle,
} from "./transport_support.ts";

function slotOf(overrides: Parameters<typeof fixedCluster>[1] = {}) {
  const clients = fakeHttpClients();
  const slot = new HttpClientSlot(fixedCluster("https://k8s:6443", overrides), clients.create);
  return { slot, made: clients.made };
}

Deno.test("requests share one client, even when they begin together", async () => {
  const { slot, made } = slotOf();
  const [one, two] = await Promise.all([slot.acquire(), slot.acquire()]);
  assert.equal(one.client, two.client);
  assert.equal(made.length, 1);
});

Deno.test("a renewed client is closed when the last of its requests has ended", async () => {
  const { slot, made } = slotOf();
  const [one, two] = [await slot.acquire(), await slot.acquire()];
  slot.renew();
  one.release();
  one.release();
  assert.equal(made[0]!.closed, false, "one request is still under way");
  const three = await slot.acquire();
  assert.notEqual(three.client, two.client);
  two.release();
  assert.deepEqual(made.map((client) => client.closed), [true, false]);
});

Deno.test("an idle client is closed at once when renewed", async () => {
  const { slot, made } = slotOf();
  (await slot.acquire()).release();
  slot.renew();
  slot.renew();
  await settle();
  assert.deepEqual(made.map((client) => client.closed), [true]);
});

Deno.test("retiring an old client leaves the new one alone", async () => {
  const { slot, made } = slotOf();
  const old = await slot.acquire();
  old.retire();
  const current = await slot.acquire();
  old.retire();
  assert.equal((await slot.acquire()).client, current.client);
  assert.equal(made.length, 2);
});

Deno.test("a renewal while the files are being read loses no request", async () => {
  let goOn = () => {};
  const gate = new Promise<void>((resolve) => goOn = resolve);
  const { slot, made } = slotOf({ tls: () => gate.then(() => ({ caCerts: [] })) });
  const waiting = slot.acquire();
  slot.renew();
  goOn();
  const lease = await waiting;
  assert.equal(made[0]!.closed, false);
  lease.release();
  assert.equal(made[0]!.closed, true);
});

Deno.test("files are read anew for each client, and a plugin's certificate comes first", async () => {
  let reads = 0;
  const fromFile = { certificate: "file", key: new Redacted("file key") };
  const { slot, made } = slotOf({
    tls: () => Promise.resolve({ caCerts: [`ca ${++reads}`], clientCertificate: fromFile }),
    proxy: {
      url: "http://proxy:3128",
      basicAuth: { username: "me", password: new Redacted("pw") },
    },
  });
  await slot.acquire();
  slot.renew();
  await slot.acquire();
  await slot.acquire({ certificate: "plugin", key: new Redacted("plugin key") });
  const proxy = { url: "http://proxy:3128", basicAuth: { username: "me", password: "pw" } };
  assert.deepEqual(made.map((client) => client.options), [
    { caCerts: ["ca 1"], proxy, cert: "file", key: "file key" },
    { caCerts: ["ca 2"], proxy, cert: "file", key: "file key" },
    { caCerts: ["ca 3"], proxy, cert: "plugin", key: "plugin key" },
  ]);
});

Deno.test("a file that cannot be read fails this request, and the next one tries again", async () => {
  const fault = new ConfigError("ca.crt does not exist");
  const answers = [Promise.reject(fault), Promise.resolve({ caCerts: [] })];
  const { slot } = slotOf({ tls: () => answers.shift()! });
  assert.equal(await rejection(slot.acquire()), fault);
  assert.ok((await slot.acquire()).client);
});

Deno.test("what is no PEM inside is named by its source: certificate or authority", async () => {
  const cases = [
    {
      tls: { caCerts: [CERTIFICATE], caSource: "kubeconfig f: clusters[name=c].cluster.ca" },
      expected:
        /^kubeconfig f: clusters\[name=c\]\.cluster\.ca cannot be used: .*; it must be in PEM/,
    },
    {
      tls: {
        caCerts: [],
        clientCertificate: { certificate: CERTIFICATE, key: new Redacted(PRIVATE_KEY) },
        clientCertificateSource: "kubeconfig f: users[name=u].user.client-certificate",
      },
      expected: /^kubeconfig f: users\[name=u\]\.user\.client-certificate cannot be used: /,
    },
  ];
  for (const { tls, expected } of cases) {
    const cluster = fixedCluster("https://k8s", { tls: () => Promise.resolve(tls) });
    const error = await rejection(
      new HttpClientSlot(cluster, Deno.createHttpClient).acquire(),
    );
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, expected);
  }
});

Deno.test("a closed slot gives no further client", async () => {
  const { slot, made } = slotOf();
  const lease = await slot.acquire();
  slot.close();
  assert.match(
    (await rejection(slot.acquire())).message,
    /client for https:\/\/k8s:6443 is closed/,
  );
  assert.equal(made[0]!.closed, false);
  lease.release();
  assert.equal(made[0]!.closed, true);
});
