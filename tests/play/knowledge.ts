import { knowledgeOf } from "../demo/azure.ts";
import type { Sample } from "../demo/samples.ts";
import type { FakeAzureOptions } from "../sandbox/azure/options.ts";
import type { PlayOptions } from "./options.ts";

/** What the fake Azure knows: what samples name, in any namespace, and what options name besides. */
export function knowledge(
  options: Pick<PlayOptions, "knowsAll" | "registries" | "identities" | "tenants" | "subjects">,
  samples: readonly Sample[],
): Partial<FakeAzureOptions> {
  if (options.knowsAll) return {};
  const known = knowledgeOf(samples, () => true);
  const accounts = new Set(options.subjects.map((subject) => `system:serviceaccount:${subject}`));
  const bySamples = known.subjects;
  return {
    ...known,
    registries: [...known.registries as string[], ...options.registries],
    identities: [...known.identities as string[], ...options.identities],
    applications: [...known.applications as string[], ...options.identities],
    tenants: [...known.tenants as string[], ...options.tenants],
    subjects: (subject, clientId) =>
      accounts.has(subject) || typeof bySamples === "function" && bySamples(subject, clientId),
  };
}
