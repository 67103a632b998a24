/** Runs a command and answers its output. Throws with what it said when it fails. */
export async function run(name: string, ...args: string[]): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(name, {
    args,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  const said = decoder.decode(stderr) + decoder.decode(stdout);
  throw new Error(`${name} ${args.join(" ")} ended with status ${code}: ${said}`);
}
