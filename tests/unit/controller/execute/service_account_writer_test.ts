import assert from "node:assert/strict";
import { APIS } from "../../../../src/controller/binding/apis.ts";
import fc from "fast-check";
import { referencePatch } from "../../../../src/controller/execute/account_change.ts";
import {
  ServiceAccountWriter,
  type WritePlace,
} from "../../../../src/controller/execute/service_account_writer.ts";
import type { ServiceAccount } from "../../../../src/kubernetes/resources/built_in.ts";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import type { Patch, Stored } from "../../../../src/kubernetes/resources/resource_client.ts";
import { sleep } from "../../../../src/runtime/time/clock.ts";
import { FakeTime } from "../../kubernetes/fake_time.ts";
import { jsonPatch } from "../../../sandbox/kubernetes/patch/json_patch.ts";
import { kindOfReference } from "../views.ts";

const { signal } = new AbortController();
const add = (...names: string[]) => new Map(names.map((name) => [name, true]));
const drop = (...names: string[]) => new Map(names.map((name) => [name, false]));

function stored(names: readonly string[], version = 1, name = "default"): Stored<ServiceAccount> {
  return {
    metadata: { name, namespace: "team-a", uid: `uid-${name}`, resourceVersion: String(version) },
    imagePullSecrets: names.map((each) => ({ name: each })),
  };
}

const namesOf = (account: Stored<ServiceAccount>) =>
  account.imagePullSecrets!.map(({ name }) => name!);

const LISTS: readonly {
  readonly what: string;
  readonly present: readonly string[];
  readonly references: ReadonlyMap<string, boolean>;
  readonly names: readonly string[] | undefined;
}[] = [
  {
    what: "a first reference is added",
    present: [],
    references: add("acr-pull-a"),
    names: ["acr-pull-a"],
  },
  {
    what: "those of others come first, as their owners wrote them, twice if they wrote so",
    present: ["z", "acr-pull-b", "a", "z"],
    references: add("acr-pull-a"),
    names: ["z", "a", "z", "acr-pull-a", "acr-pull-b"],
  },
  {
    what: "v1beta2's come before v1beta1's, each sorted",
    present: ["b-msi-acrpull-secret", "acr-pull-b"],
    references: add("a-msi-acrpull-secret", "acr-pull-a"),
    names: ["acr-pull-a", "acr-pull-b", "a-msi-acrpull-secret", "b-msi-acrpull-secret"],
  },
  {
    what: "a reference that is removed goes, however often it stands there",
    present: ["acr-pull-a", "x", "acr-pull-a"],
    references: drop("acr-pull-a"),
    names: ["x"],
  },
  {
    what: "some may come while others go",
    present: ["acr-pull-a", "x"],
    references: new Map([["acr-pull-a", false], ["acr-pull-b", true]]),
    names: ["x", "acr-pull-b"],
  },
  {
    what: "an account that has it all is left alone, whatever its order",
    present: ["b-msi-acrpull-secret", "acr-pull-a", "x"],
    references: add("acr-pull-a"),
    names: undefined,
  },
  {
    what: "an account that lacks what is to go is left alone",
    present: ["x"],
    references: drop("acr-pull-a"),
    names: undefined,
  },
];

for (const { what, present, references, names } of LISTS) {
  Deno.test(`references: ${what}`, () => {
    const expected = names && {
      metadata: { uid: "uid-default", resourceVersion: "1" },
      imagePullSecrets: names.map((name) => ({ name })),
    };
    assert.deepEqual(referencePatch(stored(present), references, APIS), expected);
  });
}

Deno.test("references: an account without a list gets one", () => {
  const { imagePullSecrets: _, ...account } = stored([]);
  assert.deepEqual(referencePatch(account, add("acr-pull-a"), APIS)!.imagePullSecrets, [{
    name: "acr-pull-a",
  }]);
  assert.equal(referencePatch(account, drop("acr-pull-a"), APIS), undefined);
});

Deno.test("property: a change touches what it names and no other reference", () => {
  const name = fc.constantFrom<string>(
    ...["x", "y", "z", "acr-pull-a", "acr-pull-b", "a-msi-acrpull-secret"],
  );
  const references = fc.dictionary(
    name.filter((each) => kindOfReference(each) !== "other"),
    fc.boolean(),
  );
  fc.assert(
    fc.property(fc.array(name), references, (present, wanted) => {
      const map = new Map(Object.entries(wanted));
      const patch = referencePatch(stored(present), map, APIS) as
        | { imagePullSecrets: { name: string }[] }
        | undefined;
      const result = patch?.imagePullSecrets.map((each) => each.name) ?? present;
      const others = (names: readonly string[]) =>
        names.filter((each) => kindOfReference(each) === "other");
      assert.deepEqual(others(result), others(present));
      for (const each of new Set([...present, ...map.keys()])) {
        assert.equal(result.includes(each), map.get(each) ?? present.includes(each), each);
      }
      if (patch !== undefined) {
        const ranks = result.map((each) =>
          ["other", "v1beta2", "v1beta1"].indexOf(kindOfReference(each))
        );
        assert.deepEqual(ranks, ranks.toSorted());
      }
    }),
  );
});

const CONFLICT = new ApiError({ code: 409, reason: "Conflict", message: "changed" });

const INVALID = new ApiError({ code: 422, reason: "Invalid", message: "no" });

/** What kube-apiserver makes of a patch of steps, and of one whose test fails. */
function stepped(account: Stored<ServiceAccount>, steps: readonly unknown[]) {
  const { metadata: { name, resourceVersion } } = account;
  if ((steps[0] as { value: string }).value !== resourceVersion) throw INVALID;
  const patched = jsonPatch(account as never, steps as never);
  return stored(namesOf(patched as never), Number(resourceVersion) + 1, name);
}

/** An API server with accounts, whose every call takes 10 ms, and a cache that may lag behind. */
function rig(options: { cached?: boolean } = {}) {
  const time = new FakeTime();
  const server = new Map<string, Stored<ServiceAccount>>();
  const cache = new Map<string, Stored<ServiceAccount>>();
  const calls: string[] = [];
  const failures: ApiError[] = [];
  const put = (account: Stored<ServiceAccount>) => {
    server.set(account.metadata.name, account);
    return account;
  };
  put(stored(["regcred"]));
  put(stored(["regcred"], 1, "builder"));
  if (options.cached ?? true) { for (const [name, account] of server) cache.set(name, account); }
  const client = {
    get: async (_: string, name: string) => {
      calls.push(`get ${name}`);
      await sleep(time.clock, 10);
      return server.get(name)!;
    },
    patch: async (_: string, name: string, patch: Patch) => {
      calls.push(`patch ${name}`);
      await sleep(time.clock, 10);
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      const account = server.get(name)!;
      if (patch.type === "json") return put(stepped(account, patch.body));
      const { metadata, imagePullSecrets } = patch.body as unknown as Stored<ServiceAccount>;
      if (metadata.resourceVersion !== account.metadata.resourceVersion) throw CONFLICT;
      const version = Number(metadata.resourceVersion) + 1;
      return put(stored(imagePullSecrets!.map((each) => each.name!), version, name));
    },
  };
  const writer = new ServiceAccountWriter({
    apis: APIS,
    client: client as unknown as ConstructorParameters<typeof ServiceAccountWriter>[0]["client"],
    cached: (_, name) => cache.get(name),
    observe: (account) => void cache.set(account.metadata.name, account),
    forget: (_, name, uid) => {
      if (cache.get(name)?.metadata.uid === uid) cache.delete(name);
    },
  });
  const write = (references: ReadonlyMap<string, boolean>, name = "default") =>
    writer.write("team-a", name, references, signal);
  return { time, server, cache, calls, failures, put, write, writer };
}

async function done<T>(time: FakeTime, promises: readonly Promise<T>[]) {
  const results = Promise.allSettled(promises);
  await time.pass(1000);
  return (await results).map(({ status }) => status);
}

Deno.test("service account writer: two hundred references cost two writes", async () => {
  const { time, server, calls, write } = rig();
  const names = Array.from({ length: 200 }, (_, n) => `acr-pull-${String(n).padStart(3, "0")}`);
  await done(time, names.map((name) => write(add(name))));
  assert.deepEqual(calls, ["patch default", "patch default"]);
  assert.deepEqual(namesOf(server.get("default")!), ["regcred", ...names]);
});

Deno.test("service account writer: of all that ask for one account, none but who writes holds a place", async () => {
  const { time, writer, calls } = rig();
  let outside = 0;
  const giveUp: WritePlace["behindOthers"] = async (wait) => {
    outside++;
    try {
      return await wait();
    } finally {
      outside--;
    }
  };
  const place = { behindOthers: giveUp, outside: giveUp, moved: () => {} };
  const names = Array.from({ length: 300 }, (_, n) => `acr-pull-${n}`);
  const writes = names.map((name) => writer.write("team-a", "default", add(name), signal, place));
  await time.pass(5);
  assert.deepEqual([calls, outside], [["patch default"], 299]);
  await time.pass(10);
  assert.deepEqual([calls, outside], [["patch default", "patch default"], 298]);
  await done(time, writes);
  assert.equal(outside, 0);
});

Deno.test("service account writer: accounts do not wait for one another", async () => {
  const { time, calls, write } = rig();
  const writes = [write(add("acr-pull-a")), write(add("acr-pull-a"), "builder")];
  assert.deepEqual(calls, ["patch default", "patch builder"]);
  await done(time, writes);
});

Deno.test("service account writer: what is asked in the end is what counts, within one batch", async () => {
  const { time, server, write } = rig();
  const writes = [write(add("acr-pull-a")), write(add("acr-pull-b")), write(drop("acr-pull-b"))];
  await done(time, writes);
  assert.deepEqual(namesOf(server.get("default")!), ["regcred", "acr-pull-a"]);
});

Deno.test("service account writer: an account that has it already is not written", async () => {
  const { time, calls, write } = rig();
  await done(time, [write(add("regcred")), write(drop("acr-pull-a"))]);
  assert.deepEqual(calls, []);
});

Deno.test("service account writer: an account that no cache knows is read first", async () => {
  const { time, calls, write } = rig({ cached: false });
  await done(time, [write(add("acr-pull-a"))]);
  assert.deepEqual(calls, ["get default", "patch default"]);
});

Deno.test("service account writer: after a conflict the account is read again, and others' writes stay", async () => {
  const { time, server, calls, put, write } = rig();
  put(stored(["regcred", "theirs"], 7));
  await done(time, [write(add("acr-pull-a"))]);
  assert.deepEqual(calls, ["patch default", "get default", "patch default"]);
  assert.deepEqual(namesOf(server.get("default")!), ["regcred", "theirs", "acr-pull-a"]);
});

Deno.test("service account writer: after a conflict there may be nothing left to do", async () => {
  const { time, calls, put, write } = rig();
  put(stored(["acr-pull-a"], 7));
  assert.deepEqual(await done(time, [write(add("acr-pull-a"))]), ["fulfilled"]);
  assert.deepEqual(calls, ["patch default", "get default"]);
});

Deno.test("service account writer: an account that is always contended is given up", async () => {
  const { time, calls, failures, write } = rig();
  for (let n = 0; n < 8; n++) failures.push(CONFLICT);
  assert.deepEqual(await done(time, [write(add("acr-pull-a"))]), ["rejected"]);
  assert.equal(calls.filter((call) => call.startsWith("patch")).length, 8);
});

Deno.test("service account writer: a failure reaches those of its write and no other", async () => {
  const { time, server, failures, write } = rig();
  failures.push(new ApiError({ code: 403, reason: "Forbidden", message: "no" }));
  const first = write(add("acr-pull-a"));
  const batch = [write(add("acr-pull-b")), write(add("acr-pull-c"))];
  assert.deepEqual(await done(time, [first, ...batch]), ["rejected", "fulfilled", "fulfilled"]);
  assert.deepEqual(namesOf(server.get("default")!), ["regcred", "acr-pull-b", "acr-pull-c"]);
});

Deno.test("service account writer: a failed batch reaches all that are in it, and the next goes on", async () => {
  const { time, server, failures, write } = rig();
  const first = write(add("acr-pull-a"));
  const batch = [write(add("acr-pull-b")), write(add("acr-pull-c"))];
  await time.pass(10);
  failures.push(new ApiError({ code: 403, reason: "Forbidden", message: "no" }));
  const last = write(add("acr-pull-d"));
  assert.deepEqual(await done(time, [first, ...batch, last]), [
    "fulfilled",
    "rejected",
    "rejected",
    "fulfilled",
  ]);
  assert.deepEqual(namesOf(server.get("default")!), ["regcred", "acr-pull-a", "acr-pull-d"]);
});

/** So many that they are written one by one. */
const CROWD = Array.from({ length: 40 }, (_, n) => `theirs-${n}`);

Deno.test("service account writer: of many names those that change are written, and others' stay", async () => {
  const { time, server, calls, put, write } = rig({ cached: false });
  put(stored([...CROWD, "acr-pull-b"], 7));
  const writes = [write(new Map([["acr-pull-b", false], ["acr-pull-a", true]]))];
  assert.deepEqual(await done(time, writes), ["fulfilled"]);
  assert.deepEqual(calls, ["get default", "patch default"]);
  assert.deepEqual(namesOf(server.get("default")!), [...CROWD, "acr-pull-a"]);
});

Deno.test("service account writer: of many names that changed meanwhile the server says invalid, which is a conflict", async () => {
  const { time, server, calls, put, write } = rig({ cached: false });
  put(stored(CROWD, 7));
  const writes = [write(add("acr-pull-a"))];
  await time.pass(15);
  put(stored(CROWD.slice(1), 8));
  assert.deepEqual(await done(time, writes), ["fulfilled"]);
  assert.deepEqual(calls, ["get default", "patch default", "get default", "patch default"]);
  assert.deepEqual(namesOf(server.get("default")!), [...CROWD.slice(1), "acr-pull-a"]);
});

Deno.test("service account writer: what is invalid of many names that did not change is a failure", async () => {
  const { time, calls, failures, put, write } = rig({ cached: false });
  put(stored(CROWD, 7));
  failures.push(INVALID);
  assert.deepEqual(await done(time, [write(add("acr-pull-a"))]), ["rejected"]);
  assert.deepEqual(calls, ["get default", "patch default", "get default"]);
});

Deno.test("service account writer: thousands of references to an account of many names are written a thousand at a time", async () => {
  const { time, server, calls, put, write } = rig({ cached: false });
  put(stored(CROWD, 7));
  const names = Array.from({ length: 2500 }, (_, n) => `acr-pull-${`${n}`.padStart(4, "0")}`);
  assert.deepEqual(await done(time, [write(add(...names))]), ["fulfilled"]);
  assert.deepEqual(calls, ["get default", ...Array(3).fill("patch default")]);
  assert.deepEqual(namesOf(server.get("default")!), [...CROWD, ...names]);
});

Deno.test("service account writer: an account is read outside its place, and each try moves on", async () => {
  const { time, writer, calls, failures } = rig({ cached: false });
  for (let n = 0; n < 7; n++) failures.push(CONFLICT);
  const steps: string[] = [];
  const place: WritePlace = {
    behindOthers: (wait) => wait(),
    outside: async (read) => {
      steps.push("outside");
      const answer = await read();
      assert.equal(calls.at(-1), "get default");
      return answer;
    },
    moved: () => void steps.push("moved"),
  };
  const writes = [writer.write("team-a", "default", add("acr-pull-a"), signal, place)];
  assert.deepEqual(await done(time, writes), ["fulfilled"]);
  assert.equal(calls.filter((call) => call.startsWith("get")).length, 8);
  assert.equal(steps.filter((step) => step === "outside").length, 8);
  assert.ok(steps.filter((step) => step === "moved").length >= 8);
});

Deno.test("property: whatever is asked and however others write, each is told the truth", async () => {
  const name = fc.constantFrom("acr-pull-a", "acr-pull-b", "acr-pull-c", "acr-pull-d");
  const step = fc.record({
    waitMs: fc.nat({ max: 25 }),
    secret: name,
    present: fc.boolean(),
    theirs: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { time, server, put, write } = rig();
      const last = new Map<string, boolean>();
      const writes: Promise<void>[] = [];
      let theirs = 0;
      for (const { waitMs, secret, present, theirs: disturbs } of steps) {
        await time.pass(waitMs);
        if (disturbs) {
          const { metadata } = server.get("default")!;
          const names = namesOf(server.get("default")!);
          put(stored([...names, `theirs-${++theirs}`], Number(metadata.resourceVersion) + 1));
        }
        last.set(secret, present);
        writes.push(write(new Map([[secret, present]])));
      }
      await done(time, writes);
      const names = namesOf(server.get("default")!);
      for (const [secret, present] of last) assert.equal(names.includes(secret), present, secret);
      for (let n = 1; n <= theirs; n++) assert.ok(names.includes(`theirs-${n}`));
    }),
    { numRuns: 100 },
  );
});
