import assert from "node:assert/strict";
import { ConfigError } from "../../../../src/kubernetes/config/errors.ts";
import { loadKubeconfig } from "../../../../src/kubernetes/config/kubeconfig.ts";
import type { ResolvedCluster } from "../../../../src/kubernetes/config/types.ts";
import { CERTIFICATE, fakeSources, PRIVATE_KEY, rejection } from "../http/transport_support.ts";

const FILE = "/home/ada/.kube/config";
const base64 = (text: string) => new TextEncoder().encode(text).toBase64();

/** A kubeconfig of one context `c`, with these fields of its cluster `k` and its user `u`. */
function single(
  cluster: Record<string, unknown> = {},
  user: Record<string, unknown> = {},
  context: Record<string, unknown> = {},
): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "k", user: "u", ...context } }],
    clusters: [{ name: "k", cluster: { server: "https://k8s:6443", ...cluster } }],
    users: [{ name: "u", user }],
  });
}

function load(text: string, files?: Record<string, string | Error>, context?: string) {
  const sources = fakeSources({ files: { [FILE]: text, ...files } });
  return loadKubeconfig({ paths: [FILE], mayBeMissing: false }, context, sources);
}

/** A cluster with its secrets laid open, to be compared as a whole. */
async function revealed(cluster: ResolvedCluster): Promise<Record<string, unknown>> {
  const { authorization } = await cluster.credentials.get();
  const { clientCertificate, ...tls } = await cluster.tls();
  const { proxy, ...rest } = cluster;
  return {
    ...rest,
    credentials: authorization?.reveal(),
    tls: clientCertificate
      ? {
        ...tls,
        certificate: clientCertificate.certificate,
        key: clientCertificate.key.reveal(),
      }
      : tls,
    ...(proxy
      ? {
        proxy: proxy.basicAuth
          ? { ...proxy, basicAuth: [proxy.basicAuth.username, proxy.basicAuth.password.reveal()] }
          : proxy,
      }
      : {}),
  };
}

const PLAIN = {
  origin: `kubeconfig ${FILE}, context c`,
  server: "https://k8s:6443",
  defaultNamespace: "default",
  inCluster: false,
  credentials: undefined,
  tls: { caCerts: [] },
};
const CLUSTER = `kubeconfig ${FILE}: clusters[name=k].cluster`;
const USER = `kubeconfig ${FILE}: users[name=u].user`;

const LOADED: {
  name: string;
  text: string;
  files?: Record<string, string>;
  context?: string;
  expected: Record<string, unknown>;
}[] = [
  { name: "a server and nothing else", text: single(), expected: PLAIN },
  {
    name: "YAML as kubectl writes it",
    text: [
      "apiVersion: v1",
      "kind: Config",
      "current-context: c",
      "contexts:",
      "- name: c",
      "  context:",
      "    cluster: k",
      "    user: u",
      "    namespace: team",
      "clusters:",
      "- name: k",
      "  cluster:",
      "    server: http://127.0.0.1:8001/",
      "users:",
      "- name: u",
      "  user:",
      "    token: abc",
      "preferences: {}",
    ].join("\n"),
    expected: {
      ...PLAIN,
      server: "http://127.0.0.1:8001",
      defaultNamespace: "team",
      credentials: "Bearer abc",
    },
  },
  {
    name: "a user without fields, and a server with a path",
    text: single({ server: "https://rancher/k8s/clusters/c-1/" }).replace(
      '"user":{}',
      '"user":null',
    ),
    expected: { ...PLAIN, server: "https://rancher/k8s/clusters/c-1" },
  },
  {
    name: "a context without user",
    text: single({}, {}, { user: "" }),
    expected: PLAIN,
  },
  {
    name: "the context asked for in place of the current one",
    text: single().replace('"current-context":"c"', '"current-context":"other"'),
    context: "c",
    expected: PLAIN,
  },
  {
    name: "inline CA, client certificate and key, which win over files",
    text: single(
      { "certificate-authority-data": base64(CERTIFICATE), "certificate-authority": "missing" },
      { "client-certificate-data": base64(CERTIFICATE), "client-key-data": base64(PRIVATE_KEY) },
    ),
    expected: {
      ...PLAIN,
      tls: {
        caCerts: [CERTIFICATE],
        caSource: `${CLUSTER}.certificate-authority-data`,
        clientCertificateSource: `${USER}.client-certificate-data (or its client-key)`,
        certificate: CERTIFICATE,
        key: PRIVATE_KEY,
      },
    },
  },
  {
    name: "files relative to the kubeconfig's directory, and absolute ones",
    text: single(
      { "certificate-authority": "ca.crt" },
      { "client-certificate": "../pki/ada.crt", "client-key": "/pki/ada.key" },
    ),
    files: {
      "/home/ada/.kube/ca.crt": CERTIFICATE,
      "/home/ada/pki/ada.crt": CERTIFICATE,
      "/pki/ada.key": PRIVATE_KEY,
    },
    expected: {
      ...PLAIN,
      tls: {
        caCerts: [CERTIFICATE],
        caSource: `${CLUSTER}.certificate-authority "/home/ada/.kube/ca.crt"`,
        clientCertificateSource:
          `${USER}.client-certificate "/home/ada/pki/ada.crt" (or its client-key)`,
        certificate: CERTIFICATE,
        key: PRIVATE_KEY,
      },
    },
  },
  {
    name: "a token file, which wins over a token",
    text: single({}, { token: "inline", tokenFile: "token" }),
    files: { "/home/ada/.kube/token": "from-file\n" },
    expected: { ...PLAIN, credentials: "Bearer from-file" },
  },
  {
    name: "username and password",
    text: single({}, { username: "ada", password: "pw" }),
    expected: { ...PLAIN, credentials: "Basic YWRhOnB3" },
  },
  {
    name: "a proxy",
    text: single({ "proxy-url": "http://proxy:3128/" }),
    expected: { ...PLAIN, proxy: { url: "http://proxy:3128" } },
  },
  {
    name: "a proxy with a password",
    text: single({ "proxy-url": "socks5://me:p%40ss@proxy:1080" }),
    expected: { ...PLAIN, proxy: { url: "socks5://proxy:1080", basicAuth: ["me", "p@ss"] } },
  },
];

for (const { name, text, files, context, expected } of LOADED) {
  Deno.test(`kubeconfig: ${name}`, async () => {
    assert.deepEqual(await revealed(await load(text, files, context)), expected);
  });
}

const FAULTS: {
  name: string;
  text: string;
  files?: Record<string, string | Error>;
  context?: string;
  expected: string;
}[] = [
  {
    name: "YAML that is broken, without quoting it",
    text: "kind: Config\ntoken: s3cr3t\ntoken: s3cr3t\n",
    expected: `kubeconfig ${FILE}: line 3 is not valid YAML (DUPLICATE_KEY)`,
  },
  {
    name: "an alias to nowhere",
    text: "users: *x",
    expected: `kubeconfig ${FILE} is not valid YAML: ` +
      "Unresolved alias (the anchor must be set before the alias): x",
  },
  { name: "a list", text: "- a", expected: `kubeconfig ${FILE} is no YAML object` },
  {
    name: "another kind of file",
    text: "kind: Pod",
    expected: `kubeconfig ${FILE}: kind is "Pod"; a kubeconfig has "Config"`,
  },
  {
    name: "clusters that are an object",
    text: "clusters: {a: b}",
    expected: `kubeconfig ${FILE}: clusters must be a list, and is an object`,
  },
  {
    name: "a user that is a string",
    text: single().replace('"users":[{"name":"u","user":{}}]', '"users":["u"]'),
    expected: `kubeconfig ${FILE}: users[0] must be an object, and is a string`,
  },
  {
    name: "an entry without a name",
    text: "users:\n- user: {}",
    expected: `kubeconfig ${FILE}: users[0].name is missing`,
  },
  {
    name: "an empty file",
    text: "",
    expected: `kubeconfig ${FILE}: current-context is not set; set it, or name one of the ` +
      "contexts (there: none)",
  },
  {
    name: "a current context that is not there",
    text: single().replace('"current-context":"c"', '"current-context":"prod"'),
    expected: `kubeconfig ${FILE}: current-context is "prod", and no entry of contexts has that ` +
      `name in ${FILE} (there: c)`,
  },
  {
    name: "a context asked for that is not there",
    text: single(),
    context: "prod",
    expected: 'the context asked for is "prod", and no entry of contexts has that name in ' +
      `${FILE} (there: c)`,
  },
  {
    name: "a context whose cluster is not there",
    text: single({}, {}, { cluster: "gone" }),
    expected: `kubeconfig ${FILE}: contexts[name=c].context.cluster is "gone", and no entry of ` +
      `clusters has that name in ${FILE} (there: k)`,
  },
  {
    name: "a context whose user is not there",
    text: single({}, {}, { user: "gone" }),
    expected: `kubeconfig ${FILE}: contexts[name=c].context.user is "gone", and no entry of ` +
      `users has that name in ${FILE} (there: u)`,
  },
  {
    name: "a context without cluster",
    text: single({}, {}, { cluster: "" }),
    expected: `kubeconfig ${FILE}: contexts[name=c].context.cluster is missing`,
  },
  { name: "no server", text: single({ server: "" }), expected: `${CLUSTER}.server is missing` },
  {
    name: "a server without scheme",
    text: single({ server: "k8s:6443" }),
    expected: `${CLUSTER}.server is "k8s:6443"; it must be a URL such as https://host:6443`,
  },
  {
    name: "a server with userinfo, which is not quoted",
    text: single({ server: "https://me:s3cr3t@k8s" }),
    expected: `${CLUSTER}.server must not carry a username or password`,
  },
  {
    name: "a CA that is not base64",
    text: single({ "certificate-authority-data": "---" }),
    expected: `${CLUSTER}.certificate-authority-data is not base64`,
  },
  {
    name: "a CA that is base64 of something else",
    text: single({ "certificate-authority-data": base64("hello") }),
    expected: `${CLUSTER}.certificate-authority-data holds no PEM certificate ` +
      "(-----BEGIN CERTIFICATE)",
  },
  {
    name: "a CA file that is missing",
    text: single({ "certificate-authority": "ca.crt" }),
    expected:
      `${CLUSTER}.certificate-authority names "/home/ada/.kube/ca.crt", which does not exist`,
  },
  {
    name: "a key that is a certificate",
    text: single({}, {
      "client-certificate-data": base64(CERTIFICATE),
      "client-key": "/pki/key",
    }),
    files: { "/pki/key": CERTIFICATE },
    expected: `${USER}.client-key names "/pki/key", which holds no PEM private key ` +
      "(-----BEGIN PRIVATE KEY)",
  },
  {
    name: "an encrypted key",
    text: single({}, {
      "client-certificate-data": base64(CERTIFICATE),
      "client-key-data": base64(PRIVATE_KEY.replaceAll("PRIVATE", "ENCRYPTED PRIVATE")),
    }),
    expected:
      `${USER}.client-key-data is encrypted; decrypt it, for it is used without a passphrase`,
  },
  {
    name: "a certificate without key",
    text: single({}, { "client-certificate-data": base64(CERTIFICATE) }),
    expected: `${USER}.client-key is missing beside client-certificate`,
  },
  {
    name: "a key without certificate",
    text: single({}, { "client-key-data": base64(PRIVATE_KEY) }),
    expected: `${USER}.client-certificate is missing beside client-key`,
  },
  {
    name: "a token that YAML takes for a number",
    text: single({}, { token: 123456 }),
    expected: `${USER}.token must be a string (put it in quotes), and is a number`,
  },
  {
    name: "a password beside a token",
    text: single({}, { username: "ada", token: "abc" }),
    expected: `${USER}.username stands beside a token; only one of them may be set`,
  },
  {
    name: "certificates left unchecked",
    text: single({ "insecure-skip-tls-verify": true }),
    expected: `${CLUSTER}.insecure-skip-tls-verify is not supported: Deno can leave certificates ` +
      "unchecked for the whole process only, Azure's included; put the server's CA into " +
      "certificate-authority-data",
  },
  {
    name: "a flag that is a string",
    text: single({ "insecure-skip-tls-verify": "no" }),
    expected: `${CLUSTER}.insecure-skip-tls-verify must be true or false, and is a string`,
  },
  {
    name: "another name in the server's certificate",
    text: single({ "tls-server-name": "kubernetes" }),
    expected: `${CLUSTER}.tls-server-name is not supported: Deno's fetch expects the host of ` +
      "`server` in the certificate; use a name that the certificate holds as the host of `server`, " +
      "and have it resolve by /etc/hosts",
  },
  {
    name: "a proxy of another kind",
    text: single({ "proxy-url": "ftp://proxy" }),
    expected: `${CLUSTER}.proxy-url must be a URL of http, https, socks5 or socks5h`,
  },
  {
    name: "an auth-provider",
    text: single({}, { "auth-provider": { name: "azure" } }),
    expected: `${USER}.auth-provider is not supported, nor by kubectl since 1.26; use an exec ` +
      "plugin (for AKS: kubelogin convert-kubeconfig)",
  },
  {
    name: "impersonation",
    text: single({}, { token: "abc", as: "someone" }),
    expected: `${USER}.as is not supported: use credentials of that user itself`,
  },
];

for (const { name, text, files, context, expected } of FAULTS) {
  Deno.test(`kubeconfig, ${name}`, async () => {
    const error = await rejection(load(text, files, context));
    assert.ok(error instanceof ConfigError, String(error.stack));
    assert.equal(error.message, expected);
  });
}

Deno.test("a token file is read when a request needs it, and its faults name the field", async () => {
  const text = single({}, { tokenFile: "/run/token" });
  const missing = await load(text);
  assert.equal(
    (await rejection(missing.credentials.get())).message,
    `${USER}.tokenFile names "/run/token", which does not exist`,
  );
  const empty = await load(text, { "/run/token": " \n" });
  assert.equal(
    (await rejection(empty.credentials.get())).message,
    `${USER}.tokenFile names "/run/token", which is empty`,
  );
});

/** A cluster's server under the rules of merging. */
async function merged(
  files: Record<string, string>,
  mayBeMissing = true,
  paths = ["/a/one", "/b/two", "/c/three"],
): Promise<ResolvedCluster> {
  return await loadKubeconfig({ paths, mayBeMissing }, undefined, fakeSources({ files }));
}

Deno.test("of several files the first entry of a name counts, whole, and knows its directory", async () => {
  const cluster = await merged({
    "/a/one": JSON.stringify({
      clusters: [{ name: "k", cluster: { server: "https://one", "certificate-authority": "ca" } }],
    }),
    "/b/two": JSON.stringify({
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
      clusters: [{ name: "k", cluster: { server: "https://two" } }],
      users: [{ name: "u", user: { tokenFile: "token" } }],
    }),
    "/c/three": JSON.stringify({
      "current-context": "other",
      users: [{ name: "u", user: { token: "three" } }],
    }),
    "/a/ca": CERTIFICATE,
    "/b/token": "two",
  });
  assert.deepEqual(await revealed(cluster), {
    origin: "kubeconfig /b/two, context c",
    server: "https://one",
    defaultNamespace: "default",
    inCluster: false,
    credentials: "Bearer two",
    tls: {
      caCerts: [CERTIFICATE],
      caSource: 'kubeconfig /a/one: clusters[name=k].cluster.certificate-authority "/a/ca"',
    },
  });
});

Deno.test("of KUBECONFIG's files some may be missing, but not all, and a named one may not", async () => {
  assert.equal((await merged({ "/b/two": single() })).server, "https://k8s:6443");
  assert.equal(
    (await rejection(merged({}))).message,
    "kubeconfig: none of /a/one, /b/two, /c/three exists",
  );
  assert.equal(
    (await rejection(merged({}, false, ["/a/one"]))).message,
    "kubeconfig /a/one does not exist",
  );
});
