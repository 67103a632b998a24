import type { AirgappedCloud } from "./options.ts";

/** The audience that every registry accepts, in all clouds. */
export const ACR_AUDIENCE = "https://containerregistry.azure.net";

interface Cloud {
  readonly authorities: readonly string[];
  /** Resource Manager, by the SDK's name and by that of its endpoint. */
  readonly armAudiences: readonly string[];
}

/** azure-sdk-for-go `sdk/azcore/cloud` and `sdk/azcore/arm/runtime`. */
const CLOUDS: readonly Cloud[] = [
  {
    authorities: ["login.microsoftonline.com"],
    armAudiences: ["https://management.core.windows.net", "https://management.azure.com"],
  },
  {
    authorities: ["login.microsoftonline.us"],
    armAudiences: [
      "https://management.core.usgovcloudapi.net",
      "https://management.usgovcloudapi.net",
    ],
  },
  {
    authorities: ["login.chinacloudapi.cn", "login.partner.microsoftonline.cn"],
    armAudiences: [
      "https://management.core.chinacloudapi.cn",
      "https://management.chinacloudapi.cn",
    ],
  },
];

/** The clouds that one fake Azure stands for: the three public ones and those configured. */
export class CloudDirectory {
  readonly #clouds: readonly Cloud[];

  constructor(airgapped: readonly AirgappedCloud[]) {
    this.#clouds = [
      ...CLOUDS,
      ...airgapped.map((cloud) => ({
        authorities: [cloud.authorityHost],
        armAudiences: [withoutSlash(cloud.resourceManagerAudience)],
      })),
    ];
  }

  /** Whether the host, with a port where that is not 443, is an Entra authority. */
  isAuthority(host: string): boolean {
    return this.#clouds.some((cloud) => cloud.authorities.includes(host));
  }

  /** Whether the audience is Resource Manager's in any cloud. */
  isArmAudience(audience: string): boolean {
    return this.#clouds.some((cloud) => cloud.armAudiences.includes(withoutSlash(audience)));
  }

  /** Whether the audience is Resource Manager's in the cloud of that authority. */
  isArmAudienceOf(authority: string, audience: string): boolean {
    return this.#clouds.some((cloud) =>
      cloud.authorities.includes(authority) && cloud.armAudiences.includes(withoutSlash(audience))
    );
  }
}

function withoutSlash(audience: string): string {
  return audience.replace(/\/$/, "");
}
