/** The public clouds, by the names of `spec.acr.environment`. */
export type PublicEnvironment = "PublicCloud" | "USGovernmentCloud" | "ChinaCloud";

/** Where a cloud signs in, and for whom. */
export interface Cloud {
  /** Host that answers /{tenant}/oauth2/v2.0/token. */
  readonly authorityHost: string;
  /** The audience of a token for Azure Resource Manager. */
  readonly resourceManagerAudience: string;
}

/** Endpoints as in sdk/azcore/cloud of azure-sdk-for-go. */
export const CLOUDS: Readonly<Record<PublicEnvironment, Cloud>> = {
  PublicCloud: {
    authorityHost: "login.microsoftonline.com",
    resourceManagerAudience: "https://management.core.windows.net/",
  },
  USGovernmentCloud: {
    authorityHost: "login.microsoftonline.us",
    resourceManagerAudience: "https://management.core.usgovcloudapi.net",
  },
  ChinaCloud: {
    authorityHost: "login.chinacloudapi.cn",
    resourceManagerAudience: "https://management.core.chinacloudapi.cn",
  },
};

/** The audience that v1beta1 asks for when ARM_RESOURCE is not set. */
export const V1BETA1_AUDIENCE = "https://management.azure.com/";

/** The audience that every registry accepts, whatever its policy on ARM tokens. */
export const ACR_AUDIENCE = "https://containerregistry.azure.net";
