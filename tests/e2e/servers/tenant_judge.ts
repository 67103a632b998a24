import type { BindingSettings } from "../../../src/controller/binding/settings.ts";
import type { CredentialSpec } from "../../../src/controller/binding/view.ts";
import type { Lists } from "./tenant_bindings.ts";
import { AUDIENCE, HOST, OTHER_AUDIENCE, OTHER_HOST } from "./tenant_samples.ts";

/** What somebody would be asked for on behalf of a binding. */
export type Reached = Exclude<CredentialSpec, { kind: "invalid" }>;

/** Whether lists allow what is reached, told anew and without an expression of the policy. */
export class Judge {
  readonly #lists: Partial<Lists>;
  readonly #defaults: BindingSettings["defaults"];

  constructor(lists: Partial<Lists>, { defaults }: BindingSettings) {
    this.#lists = lists;
    this.#defaults = defaults;
  }

  /** Only v1beta1 knows defaults. */
  allows(credential: Reached, isV1beta1: boolean): boolean {
    const { server, scope, audience } = credential;
    return this.#names("registries", server, isV1beta1 ? this.#defaults.acrServer : "") &&
      this.#allowsIdentity(credential, isV1beta1) &&
      this.#allowsScope(scope) &&
      (![AUDIENCE, OTHER_AUDIENCE].includes(audience) ||
        this.#words("resourceManagerAudiences").includes(audience)) &&
      (credential.kind === "managedIdentity" || this.#allowsHost(credential.authorityHost));
  }

  #words(list: keyof Lists): string[] {
    return (this.#lists[list] ?? "").split(/\s+/);
  }

  #names(list: keyof Lists, value: string, ofOperator: string): boolean {
    const words = this.#words(list);
    return words.includes("*") || words.some((word) => sameInAscii(word, value)) ||
      (words.includes("default") && value === ofOperator);
  }

  #allowsIdentity(
    credential: Reached,
    isV1beta1: boolean,
  ): boolean {
    if (credential.kind === "workloadIdentity") {
      return this.#words("identities").includes("workload-identity");
    }
    const { clientId, resourceId } = credential.identity;
    const { managedIdentityClientID, managedIdentityResourceID } = this.#defaults;
    const ofOperator = clientId === undefined ? managedIdentityResourceID : managedIdentityClientID;
    return this.#names("identities", clientId ?? resourceId!, isV1beta1 ? ofOperator : "");
  }

  #allowsScope(scope: string | undefined): boolean {
    const words = this.#words("scopes");
    const asked = (scope ?? "").split(/\s+/u).filter((word) => word !== "");
    if (words.includes("*")) return true;
    return asked.length > 0 && asked.every((word) =>
      words.includes(word) ||
      (words.includes("repository:a/*:pull") && /^repository:a\/(?!\.\.)[a-z]+:pull$/.test(word))
    );
  }

  #allowsHost(host: string): boolean {
    return ![HOST, OTHER_HOST].includes(host) ||
      this.#words("entraAuthorityHosts").some((word) => word.includes(host));
  }
}

function sameInAscii(a: string, b: string): boolean {
  const fold = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return fold(a) === fold(b);
}
