/** Where the view is drawn. */
export interface Terminal {
  write(text: string): void;
  size(): { columns: number; rows: number };
}

/** The size of a terminal that tells none, as VT100 had it. */
const COMMON_SIZE = { columns: 80, rows: 24 };

/** What `ask` says of the terminal's size. What it leaves open, as 0 or by throwing, is 80 by 24. */
export function usableSize(
  ask: () => { columns: number; rows: number },
): { columns: number; rows: number } {
  try {
    const { columns, rows } = ask();
    return { columns: columns || COMMON_SIZE.columns, rows: rows || COMMON_SIZE.rows };
  } catch {
    // There is no terminal to ask, or it does not answer.
    return COMMON_SIZE;
  }
}

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const OTHER_SCREEN = "\x1b[?1049h";
const FIRST_SCREEN = "\x1b[?1049l";
const PLAIN = "\x1b[0m";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_REST = "\x1b[J";

/**
 * Draws lines over one another in place, on the terminal's alternate screen, so that what stood
 * there before comes back. Disposing restores the terminal.
 */
export class Screen implements Disposable {
  readonly #terminal: Terminal;
  #entered = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Draws in one write and clears only what is left over, so that nothing flickers. */
  draw(lines: readonly string[]): void {
    const begin = this.#entered ? "" : OTHER_SCREEN + HIDE_CURSOR;
    this.#entered = true;
    const text = lines.map((line) => line + CLEAR_LINE).join("\r\n");
    this.#terminal.write(begin + HOME + text + CLEAR_REST);
  }

  /** A second call does nothing. */
  [Symbol.dispose](): void {
    if (!this.#entered) return;
    this.#entered = false;
    this.#terminal.write(PLAIN + SHOW_CURSOR + FIRST_SCREEN);
  }
}
