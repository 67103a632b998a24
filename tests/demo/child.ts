import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** How a child ended and what it said. */
export interface ChildResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The demo in a process of its own, as a user starts it and with the permissions of its task. */
export class DemoChild implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stderr: Promise<string>;
  readonly #reading: Promise<void>;
  readonly #startedAt = performance.now();
  #stdout = "";
  #look = () => {};

  constructor(args: readonly string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "demo", ...args],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stderr = new Response(this.#child.stderr).text();
    this.#reading = this.#read();
  }

  /**
   * Resolves with the milliseconds since the start once standard output matches. Rejects when it
   * does not by `deadlineMs`, or the child ends before.
   */
  async said(pattern: RegExp, deadlineMs: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (why: string) => reject(new Error(`${why} said ${pattern}: ${this.#stdout}`));
    const timer = setTimeout(() => fail(`not within ${deadlineMs} ms`), deadlineMs);
    this.#look = () => pattern.test(this.#stdout) && resolve();
    this.#look();
    const ended = () => fail("ended without having");
    this.#reading.then(ended, ended);
    await promise.finally(() => clearTimeout(timer));
    return performance.now() - this.#startedAt;
  }

  /** What it has said so far. */
  get stdout(): string {
    return this.#stdout;
  }

  /** Sends Ctrl-C. */
  interrupt(): void {
    this.#child.kill("SIGINT");
  }

  /** Resolves when the child has ended. */
  async ended(): Promise<ChildResult> {
    const [{ code }, stderr] = await Promise.all([
      this.#child.status,
      this.#stderr,
      this.#reading,
    ]);
    return { code, stdout: this.#stdout, stderr };
  }

  /** Ends the child if that has not happened yet. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.ended();
  }

  async #read(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.#stdout += text;
      this.#look();
    }
  }
}
