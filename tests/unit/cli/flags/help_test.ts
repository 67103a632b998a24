import assert from "node:assert/strict";
import { FLAGS, VARIABLES } from "../../../../src/cli/flags/flag_table.ts";
import { helpMarkdown, helpText } from "../../../../src/cli/flags/help.ts";

const spellings = Object.entries(FLAGS).flatMap(([name, flag]) =>
  [name, ...("aliases" in flag ? flag.aliases : [])].map((each) =>
    each.length === 1 ? `-${each}` : `--${each}`
  )
);

Deno.test("help: names every flag in every spelling, and every variable, once", () => {
  const words = helpText().split("\n").filter((line) => /^ {2}\S/.test(line)).flatMap((line) =>
    line.split(/[\s,]+/)
  );
  for (const word of [...spellings, ...Object.keys(VARIABLES)]) {
    assert.equal(words.filter((each) => each === word).length, 1, word);
  }
});

Deno.test("help: fits 100 columns and shows placeholder and default", () => {
  const text = helpText();
  assert.deepEqual(text.split("\n").filter((line) => line.length > 100), []);
  assert.ok(
    text.includes(
      "  --ttl-rotation-fraction FRACTION\n" +
        "      Part of a token's life after which a v1beta2 binding is refreshed, between 0 and 1. " +
        "Default:\n      0.5.\n",
    ),
    text,
  );
});

Deno.test("help: the Markdown table has a row of three cells for every flag and variable", () => {
  const rows = helpMarkdown().trimEnd().split("\n");
  assert.equal(rows.length, 2 + Object.keys(FLAGS).length + Object.keys(VARIABLES).length);
  for (const row of rows) assert.match(row, /^\|( ([^|]|\\\|)* \|){3}$/);
  for (const word of [...spellings, ...Object.keys(VARIABLES)]) {
    assert.equal(rows.filter((row) => row.includes("`" + word + "`")).length, 1, word);
  }
});

Deno.test("help: every flag that takes a value says what stands for it, and ends its sentence", () => {
  for (const [name, flag] of Object.entries(FLAGS)) {
    assert.equal("placeholder" in flag, flag.kind !== "boolean", name);
    assert.match(flag.help, /\.$/, name);
  }
});

Deno.test("help: it says what an empty list of registry suffixes means", () => {
  assert.match(
    helpText().replace(/\s+/g, " "),
    /--allowed-acr-server-suffixes SUFFIX,\.\.\. [^-]* An empty list is the default, not every host/,
  );
});
