import assert from "node:assert/strict";
import {
  ClientConnection,
  ClientConnections,
  type Phase,
} from "../../../src/http_server/connections.ts";

const silent = {
  read: () => Promise.resolve(null),
  write: () => Promise.resolve(),
  end: () => Promise.resolve(),
  close: () => {},
};

type Row = readonly [name: string, phase: Phase];

/** Adds the connections to three places; answers which have lost theirs. A name starts with its client. */
async function lost(rows: readonly Row[]): Promise<string[]> {
  const connections = new ClientConnections(3);
  const closed: string[] = [];
  for (const [name, phase] of rows) {
    const connection = new ClientConnection(silent, name[0]!);
    connection.closed.then(() => closed.push(name), assert.fail);
    connections.add(connection);
    connection.phase = phase;
    assert.ok(connections.size <= 3);
  }
  await Promise.resolve();
  return closed;
}

const CASES: [name: string, rows: Row[], expected: string[]][] = [
  ["nobody while there is room", [["a1", "reading"], ["a2", "reading"], ["b1", "reading"]], []],
  ["the oldest without a request", [
    ["a1", "answering"],
    ["a2", "reading"],
    ["a3", "reading"],
    ["a4", "reading"],
  ], ["a2"]],
  ["of the client with the most", [
    ["b1", "reading"],
    ["a1", "reading"],
    ["a2", "reading"],
    ["a3", "reading"],
    ["a4", "reading"],
  ], ["a1", "a2"]],
  ["one that takes no answer before one that waits for it", [
    ["a1", "answering"],
    ["a2", "sending"],
    ["a3", "answering"],
    ["a4", "reading"],
  ], ["a2"]],
  ["one that waits for its answer, where its client has all", [
    ["a1", "answering"],
    ["a2", "answering"],
    ["a3", "answering"],
    ["b1", "reading"],
  ], ["a1"]],
  ["never the newest but where each client has one", [
    ["a1", "answering"],
    ["b1", "sending"],
    ["c1", "answering"],
    ["d1", "reading"],
  ], ["b1"]],
];

for (const [name, rows, expected] of CASES) {
  Deno.test(`connections: who makes room: ${name}`, async () => {
    assert.deepEqual(await lost(rows), expected);
  });
}

Deno.test("connections: a place is free once its connection has been closed", () => {
  const connections = new ClientConnections(1);
  const [first, second] = [new ClientConnection(silent, "a"), new ClientConnection(silent, "a")];
  connections.add(first);
  connections.close(first);
  connections.close(first);
  connections.add(second);
  assert.equal(connections.size, 1);
});
