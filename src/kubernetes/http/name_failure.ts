/**
 * Why a host's name led to no address: DNS does not know it (`unknown`), or no DNS server answered
 * (`untold`), which may pass. Undefined for any other failure. Deno tells of it in the text alone.
 */
export function nameFailure({ message }: Error): "unknown" | "untold" | undefined {
  if (!message.includes("dns error")) return undefined;
  return message.includes("Temporary failure in name resolution") ? "untold" : "unknown";
}
