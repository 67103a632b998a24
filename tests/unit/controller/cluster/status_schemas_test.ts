import assert from "node:assert/strict";
import { StatusSchemas } from "../../../../src/controller/cluster/status_schemas.ts";
import type { RestClient } from "../../../../src/kubernetes/http/contract.ts";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import {
  type ListWatch,
  ResourceClient,
  type WatchOptions,
} from "../../../../src/kubernetes/resources/resource_client.ts";

const DEFINITION = {
  group: "acrpull.microsoft.com",
  version: "v1beta2",
  plural: "acrpullbindings",
  kind: "AcrPullBinding",
  namespaced: true,
};
const WATCH: WatchOptions = { resourceVersion: "1" };

type Schema = "keeping" | "pruning" | "unlisted" | ApiError | (() => unknown);

const documentOf = (schema: Schema): unknown => ({
  components: {
    schemas: schema === "unlisted" ? {} : {
      binding: {
        properties: {
          status: { properties: schema === "keeping" ? { conditions: {} } : { error: {} } },
        },
        "x-kubernetes-group-version-kind": [{
          group: DEFINITION.group,
          version: DEFINITION.version,
          kind: DEFINITION.kind,
        }],
      },
    },
  },
});

/** An API server that has one CRD, and what was asked of it and learnt in their order. */
class Bench {
  readonly steps: string[] = [];
  readonly schemas: StatusSchemas;
  readonly followed: ListWatch<Record<string, never>>;
  schema: Schema = "keeping";

  constructor() {
    const rest = {
      performRequest: ({ path, querystring }: { path: string; querystring?: URLSearchParams }) => {
        const isSchema = path.startsWith("/openapi/");
        this.steps.push(isSchema ? "schema" : querystring?.has("watch") ? "watch" : "list");
        if (isSchema) return this.#answer();
        const list = { metadata: { resourceVersion: "1" }, items: [] };
        return Promise.resolve(querystring?.has("watch") ? new ReadableStream() : list);
      },
    } as unknown as RestClient;
    this.schemas = new StatusSchemas(
      rest,
      (api, kept) => void this.steps.push(`${api} ${kept ? "keeps" : "prunes"}`),
    );
    const client = new ResourceClient<Record<string, never>>(rest, DEFINITION);
    this.followed = this.schemas.followedBy("v1beta2", client);
  }

  async #answer(): Promise<unknown> {
    const { schema } = this;
    if (schema instanceof ApiError) throw schema;
    if (typeof schema === "function") return await schema();
    return documentOf(schema);
  }

  /** What happens from here on. */
  async during(act: () => unknown): Promise<string[]> {
    this.steps.length = 0;
    await act();
    return [...this.steps];
  }

  list = (next?: string) => this.followed.list(next === undefined ? {} : { continue: next });
  watch = async () => await (await this.followed.watch(WATCH)).cancel();
}

Deno.test("status schemas: conditions count as kept until something shows otherwise", () => {
  const { schemas } = new Bench();
  assert.deepEqual([schemas.keepsConditions("v1beta1"), schemas.keepsConditions("v1beta2")], [
    true,
    true,
  ]);
});

Deno.test("status schemas: what is learnt concerns one API, and is told when it changes", () => {
  const { schemas, steps } = new Bench();
  for (const kept of [true, false, false, true, true]) schemas.learn("v1beta1", kept);
  assert.deepEqual(steps, ["v1beta1 prunes", "v1beta1 keeps"]);
  schemas.learn("v1beta1", false);
  assert.deepEqual([schemas.keepsConditions("v1beta1"), schemas.keepsConditions("v1beta2")], [
    false,
    true,
  ]);
});

Deno.test("status schemas: a schema is read before the first page of a list, and no other", async () => {
  const bench = new Bench();
  bench.schema = "pruning";
  assert.deepEqual(await bench.during(() => bench.list()), ["schema", "v1beta2 prunes", "list"]);
  assert.deepEqual(await bench.during(() => bench.list("page-2")), ["list"]);
  bench.schema = "keeping";
  assert.deepEqual(await bench.during(() => bench.list()), ["schema", "v1beta2 keeps", "list"]);
});

Deno.test("status schemas: while it prunes, each watch that no list precedes reads it anew", async () => {
  const bench = new Bench();
  bench.schema = "pruning";
  await bench.list();
  assert.deepEqual(await bench.during(bench.watch), ["watch"], "the list has just read it");
  assert.deepEqual(await bench.during(bench.watch), ["schema", "watch"]);
  bench.schema = "keeping";
  assert.deepEqual(await bench.during(bench.watch), ["schema", "v1beta2 keeps", "watch"]);
  assert.deepEqual(await bench.during(bench.watch), ["watch"], "nothing better is to come");
});

const UNREADABLE: readonly [what: string, schema: Schema][] = [
  ["is not published yet", "unlisted"],
  ["is refused", new ApiError({ code: 403, reason: "Forbidden", message: "no" })],
  ["is not there", new ApiError({ code: 404, reason: "BadAnswer", message: "no" })],
];

for (const [what, schema] of UNREADABLE) {
  Deno.test(`status schemas: a schema that ${what} changes nothing and stops no list`, async () => {
    for (const known of ["keeping", "pruning"] as const) {
      const bench = new Bench();
      bench.schema = known;
      await bench.list();
      bench.schema = schema;
      assert.deepEqual(await bench.during(() => bench.list()), ["schema", "list"]);
      assert.equal(bench.schemas.keepsConditions("v1beta2"), known === "keeping");
    }
  });
}

Deno.test("status schemas: the operator's end is passed on, and nothing more is asked", async () => {
  const bench = new Bench();
  const stop = new AbortController();
  const reason = new Error("the operator ends");
  bench.schema = () => {
    stop.abort(reason);
    throw reason;
  };
  await assert.rejects(bench.followed.list({ signal: stop.signal }), reason);
  assert.deepEqual(bench.steps, ["schema"]);
});

const { signal } = new AbortController();

Deno.test("status schemas: conditions that are gone under a schema that keeps them were taken away", async () => {
  const bench = new Bench();
  await bench.list();
  await bench.watch();
  assert.equal(await bench.schemas.written("v1beta2", false, signal), true);
  assert.equal(bench.schemas.keepsConditions("v1beta2"), true, "nothing changes for the others");
  assert.equal(bench.steps.filter((step) => step === "schema").length, 1, "it was just read");
});

Deno.test("status schemas: after its watch began anew the schema is read when conditions are gone", async () => {
  const bench = new Bench();
  await bench.list();
  await bench.watch();
  await bench.watch();
  bench.schema = "pruning";
  const written = () => bench.schemas.written("v1beta2", false, signal);
  const steps = await bench.during(async () => {
    assert.deepEqual(await Promise.all([written(), written(), written()]), [false, false, false]);
  });
  assert.deepEqual(steps, ["schema", "v1beta2 prunes"]);
  assert.deepEqual(await bench.during(written), [], "what prunes is asked no more");
  assert.deepEqual(await bench.during(() => bench.schemas.written("v1beta2", true, signal)), [
    "v1beta2 keeps",
  ]);
});

Deno.test("status schemas: where no schema can be read, a write shows what it keeps", async () => {
  const bench = new Bench();
  bench.schema = new ApiError({ code: 403, reason: "Forbidden", message: "no" });
  await bench.list();
  assert.equal(await bench.schemas.written("v1beta2", false, signal), false);
  assert.equal(bench.schemas.keepsConditions("v1beta2"), false);
  assert.equal(
    await bench.schemas.written("v1beta1", false, signal),
    false,
    "nor if it is not known",
  );
});
