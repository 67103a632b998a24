import assert from "node:assert/strict";
import { APIS } from "../../../../src/controller/binding/apis.ts";
import fc from "fast-check";
import {
  type Outside,
  referencePatch,
  ServiceAccountWriter,
} from "../../../../src/controller/execute/service_account_writer.ts";
import type { ServiceAccount } from "../../../../src/kubernetes/resources/built_in.ts";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import type { Patch, Stored } from "../../../../src/kubernetes/resources/resource_client.ts";
import { sleep } from "../../../../src/runtime/time/clock.ts";
import { FakeTime } from "../../kubernetes/fake_time.ts";
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

/** An API server with accounts, whose every call takes 10 ms, and a cache that may lag behind. */
function rig(options: { cached?: boolean } = {}) {
  const time = new FakeTime();
  const server = new Map<string, Stored<ServiceAccount>>();
  const cache = new Map<string, Stored<ServiceAccount>>();
  const calls: string[] = [];
  const failures: ApiError[] = [];
  const put = (account: Stored<ServiceAccount>) => void server.set(account.metadata.name, account);
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
      const { metadata, imagePullSecrets } = patch.body as unknown as Stored<ServiceAccount>;
      if (metadata.resourceVersion !== account.metadata.resourceVersion) throw CONFLICT;
      const version = Number(metadata.resourceVersion) + 1;
      put(stored(imagePullSecrets!.map((each) => each.name!), version, name));
      return server.get(name)!;
    },
  };
  const writer = new ServiceAccountWriter({
    apis: APIS,
    now: () => 0,
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
  const giveUp: Outside = async (wait) => {
    outside++;
    try {
      return await wait();
    } finally {
      outside--;
    }
  };
  const names = Array.from({ length: 300 }, (_, n) => `acr-pull-${n}`);
  const writes = names.map((name) => writer.write("team-a", "default", add(name), signal, giveUp));
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
