import assert from "node:assert/strict";
import { createLineWriter } from "../../../../src/telemetry/log/line_writer.ts";

/** A sink that answers each write as scripted: a number of bytes taken, or an error thrown. */
function scripted(script: (number | Error)[]) {
  const decoder = new TextDecoder();
  let output = "";
  const writeSync = (bytes: Uint8Array) => {
    const step = script.shift() ?? bytes.length;
    if (step instanceof Error) throw step;
    output += decoder.decode(bytes.subarray(0, step), { stream: true });
    return Math.min(step, bytes.length);
  };
  return { writeSync, output: () => output };
}

const { BrokenPipe, Interrupted, WouldBlock } = Deno.errors;

const CASES: { name: string; script: (number | Error)[]; output: string; dropped: number }[] = [
  { name: "whole lines", script: [], output: "one\nzw\u00f6i\n", dropped: 0 },
  {
    name: "a line taken byte by byte",
    script: [1, 1, 1, 1],
    output: "one\nzw\u00f6i\n",
    dropped: 0,
  },
  { name: "a character cut in two", script: [4, 3], output: "one\nzw\u00f6i\n", dropped: 0 },
  {
    name: "an interrupted write",
    script: [new Interrupted("EINTR")],
    output: "one\nzw\u00f6i\n",
    dropped: 0,
  },
  {
    name: "a reader that does not keep up",
    script: [new WouldBlock("EAGAIN")],
    output: "zw\u00f6i\n",
    dropped: 1,
  },
  {
    name: "a line cut in its middle, which the next does not continue",
    script: [2, new WouldBlock("EAGAIN")],
    output: "on\nzw\u00f6i\n",
    dropped: 1,
  },
  {
    name: "a reader that went away",
    script: [new BrokenPipe("EPIPE"), new BrokenPipe("EPIPE")],
    output: "",
    dropped: 2,
  },
  { name: "a sink that takes nothing", script: [0], output: "zw\u00f6i\n", dropped: 1 },
];

for (const { name, script, output, dropped } of CASES) {
  Deno.test(`line writer: ${name}`, () => {
    const sink = scripted([...script]);
    let count = 0;
    const write = createLineWriter(sink, () => count++);
    write("one");
    write("zw\u00f6i");
    assert.deepEqual({ output: sink.output(), dropped: count }, { output, dropped });
  });
}
