import assert from "node:assert/strict";
import { Screen, usableSize } from "./screen.ts";

function recorded(): { written: string[]; screen: Screen } {
  const written: string[] = [];
  const write = (text: string) => void written.push(text);
  return { written, screen: new Screen({ write, size: () => ({ columns: 80, rows: 24 }) }) };
}

Deno.test("screen: enters once, draws from the top in one write, and restores once", () => {
  const { written, screen } = recorded();
  screen.draw(["a", "b"]);
  screen.draw(["c"]);
  screen[Symbol.dispose]();
  screen[Symbol.dispose]();
  assert.deepEqual(written, [
    "\x1b[?1049h\x1b[?25l\x1b[Ha\x1b[K\r\nb\x1b[K\x1b[J",
    "\x1b[Hc\x1b[K\x1b[J",
    "\x1b[0m\x1b[?25h\x1b[?1049l",
  ]);
});

Deno.test("screen: writes nothing at the end where nothing was drawn", () => {
  const { written, screen } = recorded();
  screen[Symbol.dispose]();
  assert.deepEqual(written, []);
});

Deno.test("screen: a terminal that tells no size has 80 columns and 24 rows", () => {
  const common = { columns: 80, rows: 24 };
  assert.deepEqual(usableSize(() => ({ columns: 0, rows: 0 })), common);
  assert.deepEqual(usableSize(() => ({ columns: 132, rows: 0 })), { columns: 132, rows: 24 });
  assert.deepEqual(usableSize(() => ({ columns: 100, rows: 50 })), { columns: 100, rows: 50 });
  assert.deepEqual(
    usableSize(() => {
      throw new Error("no terminal");
    }),
    common,
  );
});
