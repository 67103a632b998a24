/**
 * Runs "$@" and ties its life to this shell's standard input. That ends when it is closed, or when
 * the process that held it dies in whatever way. Then the command is killed, and the directory in
 * $2, if any, is removed. Signals are ignored so that a Ctrl-C meant for the tests cannot end the
 * shell before it has cleaned up.
 */
const GUARDIAN = `
log=$1 directory=$2; shift 2
trap '' HUP INT TERM
exec 3<&0
"$@" </dev/null >"$log" 2>&1 3<&- &
command=$!
( read -r _ <&3; trap '' USR1; kill -KILL $command; exit 0 ) 2>/dev/null &
watcher=$!
wait $command 2>/dev/null; status=$?
kill -USR1 $watcher 2>/dev/null
if wait $watcher 2>/dev/null && [ -n "$directory" ]; then rm -rf "$directory"; fi
exit $status
`;

/** What to run, and where its output goes. */
export interface ServerCommand {
  /** Shown in errors. */
  name: string;
  executable: string;
  args: string[];
  /** File that takes standard output and standard error. */
  log: string;
  /** Removed with all its content once the server has been stopped; kept when it ends by itself. */
  removeWhenStopped?: string;
}

/** A server that never outlives this process, not even when this process is killed. */
export class ServerProcess {
  /** Resolves with the exit status once the server has ended, whoever ended it. */
  readonly ended: Promise<number>;
  /** Undefined as long as the server runs. */
  exitStatus: number | undefined;
  readonly #command: ServerCommand;
  readonly #guardian: Deno.ChildProcess;
  #stopped = false;

  constructor(command: ServerCommand) {
    this.#command = command;
    this.#guardian = new Deno.Command("/bin/sh", {
      args: [
        "-c",
        GUARDIAN,
        command.name,
        command.log,
        command.removeWhenStopped ?? "",
        command.executable,
        ...command.args,
      ],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.ended = this.#guardian.status.then(({ code }) => this.exitStatus = code);
  }

  /** What the server has written so far; empty when it has written nothing. */
  async output(): Promise<string> {
    try {
      return await Deno.readTextFile(this.#command.log);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
  }

  /** An error that says what happened and shows the last lines that the server wrote. */
  async failure(what: string): Promise<ServerError> {
    const lines = (await this.output()).trimEnd().split("\n").slice(-15);
    return new ServerError(
      `${this.#command.name} ${what}; its last lines in ${this.#command.log}:\n${lines.join("\n")}`,
    );
  }

  /** Kills the server and waits until it is gone. A second call only waits. */
  async stop(): Promise<void> {
    if (!this.#stopped) {
      this.#stopped = true;
      await this.#guardian.stdin.close();
    }
    await this.ended;
  }
}

/** A server of the end-to-end tests that did not start or did not stay up. */
export class ServerError extends Error {
  override readonly name = "ServerError";
}
