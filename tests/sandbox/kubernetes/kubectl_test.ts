import assert from "node:assert/strict";
import { lackOfBinaries } from "../../e2e/servers/gate.ts";
import { kubectl, kubectlOk } from "../../e2e/servers/kubectl.ts";
import { InMemoryApiServer } from "../../in_memory/gate.ts";
import { WIDGETS } from "./contract/fixtures.ts";
import { InMemoryKubernetes } from "./server.ts";
import { needing } from "../../suites/needing.ts";

type Run = (args: string, stdin?: string) => Promise<string>;

/** Registers a test that drives a server with real kubectl; arguments are split at blanks. */
function withKubectl(
  name: string,
  test: (run: Run, api: InMemoryKubernetes, server: InMemoryApiServer) => Promise<void>,
): void {
  Deno.test({
    ...needing(`kubectl: ${name}`, lackOfBinaries(["kubectl"])),
    fn: async () => {
      const api = new InMemoryKubernetes({ crds: [WIDGETS] });
      const server = new InMemoryApiServer(api);
      const run: Run = (args, stdin) =>
        kubectlOk(server, args.split(" "), stdin === undefined ? {} : { stdin });
      try {
        await test(run, api, server);
      } finally {
        await server.stop();
      }
    },
  });
}

const WIDGET = `
apiVersion: contract.example/v1
kind: Widget
metadata:
  name: a
spec:
  size: small
  count: 3
`;

withKubectl("applies both definitions and waits until they are established", async (run) => {
  const crds = new URL("../../../deploy/crds", import.meta.url).pathname;
  const names = [
    "customresourcedefinition.apiextensions.k8s.io/acrpullbindings.acrpull.microsoft.com",
    "customresourcedefinition.apiextensions.k8s.io/acrpullbindings.msi-acrpull.microsoft.com",
  ];
  assert.deepEqual(lines(await run(`apply -f ${crds}`)), names.map((name) => `${name} created`));
  assert.deepEqual(lines(await run(`apply -f ${crds}`)), names.map((name) => `${name} unchanged`));
  assert.deepEqual(
    lines(await run(`wait --for=condition=Established --timeout=5s ${names.join(" ")}`)),
    names.map((name) => `${name} condition met`),
  );
  assert.match(
    await run("explain acrpullbindings.spec.acr --api-version=acrpull.microsoft.com/v1beta2"),
    /FIELD: acr <Object>[^]*environment\t<string> -required-[^]*enum: PublicCloud, USGovernmentCloud/,
  );
});

withKubectl("applies, patches, labels and deletes a custom object", async (run) => {
  assert.equal(await run("apply -f -", WIDGET), "widget.contract.example/a created\n");
  assert.equal(await run("apply -f -", WIDGET), "widget.contract.example/a unchanged\n");
  const larger = WIDGET.replace("small", "large");
  assert.equal(await run("apply -f -", larger), "widget.contract.example/a configured\n");
  await run('patch widget a --type=json -p [{"op":"replace","path":"/spec/count","value":4}]');
  await run("label widget a colour=blue");
  await run(
    'patch wd a --subresource=status --type=merge -p {"status":{"conditions":[{"type":"Ready","status":"True"}]}}',
  );
  await run("wait --for=condition=Ready --timeout=5s widget/a");
  assert.deepEqual(table(await run("get toys -l colour=blue -o wide")), [
    ["NAME", "SIZE", "COUNT", "SEALED", "READY", "SINCE", "TAGS"],
    ["a", "large", "4", "", "True", "", ""],
  ]);
  const described = await run("describe widget a");
  assert.match(described, /^Name: +a\nNamespace: +default\nLabels: +colour=blue\n/);
  assert.match(described, /\n {2}Generation: +3\n[^]*Events: +<none>\n$/);
  // kubectl before 1.34 does not name the namespace.
  assert.match(
    await run("delete widget a"),
    /^widget\.contract\.example "a" deleted( from default namespace)?\n$/,
  );
  assert.equal(await run("get widgets -o name"), "");
});

withKubectl("is told what is wrong with an object", async (_run, _api, server) => {
  const cases: [string, RegExp][] = [
    [WIDGET.replace("small", "medium"), /spec\.size: Unsupported value: "medium"/],
    [`${WIDGET}  wat: 1\n`, /strict decoding error: unknown field "spec\.wat"/],
    [WIDGET.replace("name: a", "name: A"), /metadata\.name: Invalid value: "A"/],
  ];
  for (const [manifest, message] of cases) {
    const { code, stderr } = await kubectl(server, ["apply", "-f", "-"], { stdin: manifest });
    assert.equal(code, 1);
    assert.match(stderr, message);
  }
});

withKubectl("creates the built-in kinds and shows their tables", async (run) => {
  await run("create namespace n");
  await run("-n n create secret generic s --from-literal=k=v --from-literal=l=w");
  await run("-n n create configmap c --from-literal=k=v");
  await run("-n n create serviceaccount a");
  const token = await run("-n n create token a --audience=api://x --duration=10m");
  const claims = JSON.parse(atob(token.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/")));
  assert.deepEqual([claims.sub, claims.aud, claims.exp - claims.iat], [
    "system:serviceaccount:n:a",
    ["api://x"],
    600,
  ]);
  assert.deepEqual(table(await run("-n n get secret,configmap,serviceaccount")), [
    ["NAME", "TYPE", "DATA", "AGE"],
    ["secret/s", "Opaque", "2", "AGE"],
    [""],
    ["NAME", "DATA", "AGE"],
    ["configmap/c", "1", "AGE"],
    [""],
    ["NAME", "AGE"],
    ["serviceaccount/a", "AGE"],
  ]);
  assert.match(await run("-n n describe secret s"), /\nData\n====\nk: +1 bytes\nl: +1 bytes\n$/);
  assert.equal(await run("delete namespace n --timeout=10s"), 'namespace "n" deleted\n');
  assert.deepEqual(table(await run("get namespaces")).map(([name]) => name), [
    "NAME",
    "default",
    "kube-node-lease",
    "kube-public",
    "kube-system",
  ]);
});

const ACCOUNT = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: a, annotations: {mine: "1"}}
imagePullSecrets: [{name: own}]
secrets: [{name: one}]
`;

withKubectl("merges what it applies with what others wrote", async (run, api) => {
  await run("apply -f -", ACCOUNT);
  await run('patch serviceaccount a -p {"secrets":[{"name":"theirs"}]}');
  await run("annotate serviceaccount a theirs=2");
  assert.equal(
    await run("apply -f -", ACCOUNT.replace("one", "two").replace("mine", "changed")),
    "serviceaccount/a configured\n",
  );
  const account = api.get({ apiVersion: "v1", kind: "ServiceAccount" }, "default", "a")!;
  const { "kubectl.kubernetes.io/last-applied-configuration": _applied, ...annotations } = account
    .metadata.annotations!;
  assert.deepEqual(annotations, { changed: "1", theirs: "2" });
  assert.deepEqual(account.imagePullSecrets, [{ name: "own" }]);
  assert.deepEqual(
    new Set((account.secrets as { name: string }[]).map(({ name }) => name)),
    new Set(["theirs", "two"]),
  );
});

withKubectl("applies on the server's side and is told of conflicts", async (run, _api, server) => {
  await run("apply --server-side --field-manager=one -f -", WIDGET);
  const other = WIDGET.replace("count: 3", "count: 5");
  const args = ["apply", "--server-side", "--field-manager=two", "-f", "-"];
  const refused = await kubectl(server, args, { stdin: other });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Apply failed with 1 conflict: conflict with "one": \.spec\.count/);
  await run(`${args.join(" ")} --force-conflicts`, other);
  assert.equal(await run("get widget a -o jsonpath={.spec.count}"), "5");
});

withKubectl("pages through lists, and changes nothing in a dry run", async (run, api) => {
  for (const name of ["a", "b", "c"]) api.apply(WIDGET.replace("name: a", `name: ${name}`));
  assert.deepEqual(lines(await run("get widgets --chunk-size=1 -o name")), [
    "widget.contract.example/a",
    "widget.contract.example/b",
    "widget.contract.example/c",
  ]);
  assert.equal(api.counts().get("list widgets"), 3);
  const version = api.resourceVersion;
  await run("delete widgets --all --dry-run=server");
  await run("apply --dry-run=server -f -", WIDGET.replace("small", "large"));
  assert.equal(api.resourceVersion, version);
});

withKubectl("follows a watch until the server ends it", async (_run, api, server) => {
  api.apply(WIDGET);
  const watching = kubectl(server, ["get", "widgets", "--watch"]);
  while (api.watchCount === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  api.apply(WIDGET.replace("small", "large"));
  api.disturbWatches("end");
  assert.deepEqual(table((await watching).stdout), [
    ["NAME", "SIZE", "COUNT", "SEALED", "READY", "TAGS"],
    ["a", "small", "3", "", "", ""],
    ["a", "large", "3", "", "", ""],
  ]);
});

withKubectl("shows the events of an object when it describes it", async (run, api) => {
  const [widget] = api.apply(WIDGET);
  api.apply({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "e" },
    involvedObject: {
      apiVersion: "contract.example/v1",
      kind: "Widget",
      name: "a",
      namespace: "default",
      uid: widget!.metadata.uid!,
    },
    reason: "Minted",
    message: "all is well",
    type: "Normal",
    count: 2,
    firstTimestamp: "2020-01-01T00:00:00Z",
    lastTimestamp: "2020-01-01T00:00:00Z",
    source: { component: "tester" },
  });
  assert.match(
    await run("describe widget a"),
    /Normal +Minted +\d+y\S* \(x2 over \S+\) +tester +all is well\n/,
  );
  assert.match(await run("get events"), /\d+y\S* +Normal +Minted +widget\/a +all is well\n/);
});

function lines(text: string): string[] {
  return text.trimEnd().split("\n");
}

/** The cells of kubectl's tables by the columns of the nearest header. */
function table(text: string): string[][] {
  let starts: number[] = [];
  return lines(text).map((line) => {
    if (line.startsWith("NAME ")) starts = [...line.matchAll(/\S+/g)].map(({ index }) => index);
    if (line === "") return [""];
    return starts.map((start, i) => {
      const cell = line.slice(start, starts[i + 1]).trim();
      return /^\d+[smh](\d+s)?$/.test(cell) ? "AGE" : cell;
    });
  });
}
