import { parse } from "yaml";

/** A job of a GitHub workflow, as far as it matters who may run what in it. */
export interface Job {
  /** `FILE: JOB`. */
  readonly name: string;
  /** Whether what runs in it could publish, sign or read a secret. */
  readonly privileged: boolean;
  /** Every line of shell that it runs, those of this repository's scripts included. */
  readonly commands: readonly string[];
  /** Actions of others, by what `uses` says. */
  readonly actions: readonly string[];
}

interface Step {
  readonly run?: string;
  readonly uses?: string;
}

type Permissions = string | Record<string, string> | undefined;

interface Workflow {
  readonly permissions?: Permissions;
  readonly env?: unknown;
  readonly jobs: Record<string, { readonly permissions?: Permissions; readonly steps: Step[] }>;
}

/** The jobs of a workflow; `script` answers the text of a script of this repository, if it is one. */
export function jobsOf(
  file: string,
  text: string,
  script: (path: string) => string | undefined,
): Job[] {
  const workflow = parse(text) as Workflow;
  return Object.entries(workflow.jobs).map(([name, job]) => ({
    name: `${file}: ${name}`,
    privileged: mayWrite(job.permissions ?? workflow.permissions) ||
      /\bsecrets\b|github\.token/.test(JSON.stringify([workflow.env, job])),
    commands: job.steps.flatMap(({ run }) => run === undefined ? [] : commandsOf(run, script)),
    actions: job.steps.flatMap(({ uses }) => uses ?? []),
  }));
}

/** Without a word of its own a job has what the repository's settings give, which may be all. */
function mayWrite(permissions: Permissions): boolean {
  if (permissions === undefined) return true;
  const levels = typeof permissions === "string" ? [permissions] : Object.values(permissions);
  return levels.some((level) => /write/.test(level));
}

const SCRIPT = /(?<![\w/.-])\.(?:ci|github)\/[\w./-]+/g;

/** How a script names its own directory. */
const HERE = '$(dirname "${BASH_SOURCE[0]}")';

/** The lines of a script and of those that it calls, which `read` answers by their paths. */
function commandsOf(
  shell: string,
  read: (path: string) => string | undefined,
  seen = new Set<string>(),
): string[] {
  const lines = withoutText(shell).split("\n").filter((line) => !/^\s*(#|$)/.test(line));
  const called = lines.flatMap((line) => line.match(SCRIPT) ?? [])
    .filter((path) => !seen.has(path));
  for (const path of called) seen.add(path);
  const inside = (path: string) =>
    (read(path) ?? "").replaceAll(HERE, path.replace(/\/[^/]*$/, ""));
  return [...lines, ...called.flatMap((path) => commandsOf(inside(path), read, seen))];
}

/** What a script prints is no command, though a message may name one. */
function withoutText(shell: string): string {
  return shell.replaceAll(/^(\s*cat\b[^\n]*)<<(\w+)\n(?:.*\n)*?\2$/gm, "$1");
}

/** Ways to run what a registry, or a server, answers at that moment, whatever it is. */
const BY_NAME = [
  /\bnpx\b/,
  /\bnpm\s+(?!ci\b)\w/,
  /\b(pnpm|yarn|bun|bunx|uvx|pipx)\b/,
  /\bpip3?["']?\s+install\b(?!.*--require-hashes)/,
  /\bgo\s+(run|install)\s+\S*@/,
  /\bdeno\s+(run|install|x|serve|add)\b.*\b(npm|jsr|https?):/,
  /\b(curl|wget)\b/,
];

/** The commands that run, or install, code by name and version alone. */
export function unpinned(commands: readonly string[]): string[] {
  return joined(commands).filter((line) => BY_NAME.some((way) => way.test(line)));
}

/** Lines that a backslash continues are one. */
function joined(lines: readonly string[]): string[] {
  return lines.join("\n").replaceAll(/\\\n\s*/g, " ").split("\n");
}
