import assert from "node:assert/strict";
import { parse } from "yaml";
import { codeBlocks, guide, guideSection } from "../../suites/guides.ts";

const GUIDE = "deploy/azure.md";

/** What `az` prints for each query of the guide. */
const ANSWERS: Readonly<Record<string, string>> = {
  clientId: "11111111-1111-1111-1111-111111111111",
  principalId: "22222222-2222-2222-2222-222222222222",
  tenantId: "33333333-3333-3333-3333-333333333333",
  id: "/subscriptions/s/resourceGroups/g/providers/x",
  loginServer: "example-abc123.azurecr.io",
  // A table has no column for what is a list.
  "[].{issuer:issuer,subject:subject,audience:audiences[0]}": "one line",
  roleAssignmentMode: "AbacRepositoryPermissions",
  "oidcIssuerProfile.issuerUrl": "https://issuer.example/",
  nodeResourceGroup: "MC_group",
  "[].name": "pool-1",
  "identityProfile.kubeletidentity.clientId": "44444444-4444-4444-4444-444444444444",
  userAssignedIdentities: "{}",
};

/** A stand-in for a command: it notes its arguments, one a line, and its input. */
const RECORDER = `#!/bin/sh
{ echo "$(basename "$0")"; for word in "$@"; do echo "$word"; done; } >>"$RECORD"
if [ "$*" = "apply -f -" ]; then cat >>"$RECORD"; fi
echo >>"$RECORD"
`;

/** The same of az, which prints what its query asks for. */
const AZ = RECORDER + `while [ $# -gt 0 ]; do
  if [ "$1" = --query ]; then cat "$ANSWERS/$2"; fi
  shift
done
`;

interface Run {
  readonly code: number;
  readonly stderr: string;
  /** Each command with its arguments, and what it was given to read. */
  readonly calls: readonly string[];
}

/** Runs the guide's commands in one shell, as a reader would, beside stand-ins for az and kubectl. */
async function runAll(): Promise<Run> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/answers`);
    for (const [query, answer] of Object.entries(ANSWERS)) {
      await Deno.writeTextFile(`${folder}/answers/${query}`, `${answer}\n`);
    }
    await Deno.writeTextFile(`${folder}/az`, AZ, { mode: 0o755 });
    await Deno.writeTextFile(`${folder}/kubectl`, RECORDER, { mode: 0o755 });
    const env = {
      PATH: `${folder}:${Deno.env.get("PATH")}`,
      RECORD: `${folder}/record`,
      ANSWERS: `${folder}/answers`,
    };
    const script = codeBlocks(guide(GUIDE), "sh").join("\n");
    const { code, stderr } = await new Deno.Command("/bin/sh", { args: ["-euc", script], env })
      .output();
    const record = await Deno.readTextFile(`${folder}/record`);
    return {
      code,
      stderr: new TextDecoder().decode(stderr),
      calls: record.trim().split("\n\n"),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("azure guide: its commands run in their order, each with the values of those before", async () => {
  const { code, stderr, calls } = await runAll();
  assert.equal(code, 0, stderr);
  const after = (call: string, flag: string) => call.split(`\n${flag}\n`)[1]?.split("\n")[0];
  const roles = calls.filter((call) => call.startsWith("az\nrole\nassignment\ncreate"));
  assert.deepEqual(roles.map((call) => after(call, "--role")), [
    "AcrPull",
    "Container Registry Repository Reader",
  ]);
  for (const call of roles) {
    assert.equal(after(call, "--assignee-object-id"), ANSWERS["principalId"]);
    assert.equal(after(call, "--scope"), ANSWERS["id"]);
  }
  // As container-registry-rbac-abac-repository-permissions.md of the Azure documentation has it.
  const actions = "Microsoft.ContainerRegistry/registries/repositories";
  assert.equal(
    after(roles[1]!, "--condition"),
    `((!(ActionMatches{'${actions}/content/read'}) AND ` +
      `!(ActionMatches{'${actions}/metadata/read'})) OR ` +
      `(@Request[${actions}:name] StringEqualsIgnoreCase 'team/app'))`,
  );
  const [federation] = calls.filter((call) => call.includes("federated-credential\ncreate"));
  assert.equal(after(federation!, "--issuer"), ANSWERS["oidcIssuerProfile.issuerUrl"]);
  assert.equal(after(federation!, "--subject"), "system:serviceaccount:team-a:default");
  assert.equal(after(federation!, "--audiences"), "api://AzureCRTokenExchange");
});

Deno.test("azure guide: its bindings name what the steps before have made", async () => {
  const { calls } = await runAll();
  const bindings = calls.filter((call) => call.startsWith("kubectl\napply"))
    .map((call) => parse(call.split("\n").slice(4).join("\n")).spec);
  const acr = {
    environment: "PublicCloud",
    server: ANSWERS["loginServer"],
    scope: "repository:team/app:pull",
  };
  assert.deepEqual(bindings, [
    {
      acr,
      auth: { workloadIdentity: { serviceAccountRef: "default" } },
      serviceAccountName: "default",
    },
    {
      acr,
      auth: { managedIdentity: { clientID: ANSWERS["clientId"] } },
      serviceAccountName: "default",
    },
  ]);
});

Deno.test("azure guide: a list of federated credentials is asked for with its audience, since a table drops lists", async () => {
  const { calls } = await runAll();
  const list = calls.find((call) => call.includes("federated-credential\nlist"))!;
  assert.match(list, /--query\n\[\]\.\{issuer:issuer,subject:subject,audience:audiences\[0\]\}\n/);
});

Deno.test("azure guide: its clouds are those of the API, and the value of the steps is one", () => {
  const clouds = [...guideSection(GUIDE, "Other clouds").matchAll(/^\| .+? \| `(\w+)` /gm)]
    .map((match) => match[1]!);
  const [, steps] = /^ENVIRONMENT=(\w+)/m.exec(guide(GUIDE))!;
  assert.equal(clouds.length, 4);
  assert.ok(clouds.includes(steps!));
  const api = guide("deploy/api.md");
  assert.deepEqual(clouds.filter((cloud) => !api.includes(cloud)), []);
});

Deno.test("azure guide: each field that it names is one of the API", () => {
  const fields = [...guide(GUIDE).matchAll(/`(spec\.[\w.]+)`/g)].map((match) => match[1]!);
  assert.ok(fields.length > 8);
  const api = guide("deploy/api.md");
  assert.deepEqual(fields.filter((field) => !api.includes(`| \`${field}\` |`)), []);
});

Deno.test("azure guide: each reason of a step that failed is one that a binding may show", () => {
  const reasons = [...guideSection(GUIDE, "When a step fails").matchAll(/^\| ([\w, ]+?) +\|/gm)]
    .flatMap((match) => match[1]!.split(", ")).filter((reason) => !/ /.test(reason));
  assert.ok(reasons.length > 8);
  const told = guideSection("deploy/troubleshooting.md", "By reason");
  assert.deepEqual(reasons.filter((reason) => !new RegExp(`\\b${reason}\\b`).test(told)), []);
});
