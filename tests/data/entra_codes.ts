import type { FailureClass } from "./failures.ts";

/** What the operator makes of an AADSTS number that a client assertion may meet. */
export interface EntraCode {
  readonly code: number;
  /** Entra's own name for it, or the beginning of its sentence. */
  readonly says: string;
  readonly class: FailureClass;
  readonly reason: string;
  /** Words of the remedy. */
  readonly remedy: string;
}

type Row = readonly [code: number, says: string];

function each(
  failureClass: FailureClass,
  reason: string,
  remedy: string,
  rows: readonly Row[],
): EntraCode[] {
  return rows.map(([code, says]) => ({ code, says, class: failureClass, reason, remedy }));
}

const USER = "permanent-user-error";

/** Numbers with a remedy of their own. Those without a name in CamelCase are from public logs. */
export const ENTRA_CODES: readonly EntraCode[] = [
  ...each(USER, "FederationNotFound", "Create a federated credential that matches", [
    [70021, "No matching federated identity record found"],
  ]),
  ...each("auth-denied", "FederationNotFound", "the identity has none", [
    [70025, "The client has no configured federated identity credentials"],
    [50048, "SubjectMismatchesIssuer"],
    [700021, "Client assertion application identifier doesn't match"],
  ]),
  ...each(USER, "FederationIssuer", "issuer equal the cluster's, trailing slash included", [
    [700211, "No matching federated identity record found for the issuer"],
  ]),
  ...each(USER, "FederationAudience", "--service-account-token-audience", [
    [700212, "No matching federated identity record found for the audience"],
  ]),
  ...each(USER, "FederationSubject", "system:serviceaccount:NAMESPACE:NAME", [
    [700213, "No matching federated identity record found for the subject"],
  ]),
  ...each(USER, "FederationSubjectCase", "in the same case", [
    [7002137, "The subject differs by case"],
    [7002138, "The subject differs by case"],
  ]),
  ...each("auth-denied", "FederationForbidden", "tenant's administrator allow", [
    [700222, "AAD-issued tokens may not be used for federated identity flows"],
    [700223, "Federation is disabled for the tenant"],
    [700226, "Only MSI tokens may be used as federated identity credentials for AAD issuer"],
    [700229, "ForbiddenTokenType"],
    [700236, "Entra ID tokens of the issuer may not be used"],
    [700238, "Tokens of the issuer may not be used"],
    [7002381, "Federated identity credentials of the issuer must have a claim"],
  ]),
  ...each("transient", "AssertionExpired", "clocks of the nodes", [
    [700024, "Client assertion is not within its valid time range"],
    [500133, "Assertion isn't within its valid time range"],
  ]),
  ...each("transient", "SigningKeyUnknown", "current signing keys at its issuer URL", [
    [700027, "Client assertion failed signature validation"],
    [7000272, "The signing key is not among the issuer's"],
    [50006, "InvalidSignature"],
    [50012, "AuthenticationFailed"],
    [900384, "JWT token failed signature validation"],
  ]),
  ...each(USER, "AssertionRefused", "issuer URL is the one that its API server puts", [
    [50013, "InvalidAssertion"],
    [50027, "InvalidJwtToken"],
    [70002, "InvalidClient"],
  ]),
  ...each("transient", "IssuerUnreachable", "issuer discovery URL public", [
    [90061, "Request to External OIDC endpoint failed"],
    [50166, "ExternalClaimsProviderThrottled"],
  ]),
  ...each(USER, "IssuerKeysUnreadable", "valid signing keys", [
    [900612, "The provider's keys cannot be parsed"],
  ]),
  ...each(USER, "ApplicationNotFound", "Correct the client ID or the tenant ID", [
    [700016, "UnauthorizedClient_DoesNotMatchRequest"],
    [700011, "UnauthorizedClientAppNotFoundInOrgIdTenant"],
  ]),
  ...each(USER, "ServicePrincipalMissing", "az ad sp create", [
    [7000229, "The client application is missing service principal in the tenant"],
    [900491, "Service principal not found"],
  ]),
  ...each(USER, "ApplicationDisabled", "Enable the application", [
    [7000112, "UnauthorizedClientApplicationDisabled"],
    [70001, "UnauthorizedClient"],
    [1000031, "Application can't be accessed at this time"],
  ]),
  ...each(USER, "ApplicationPublic", "registered as a public client", [
    [700025, "InvalidClientPublicClientWithCredential"],
  ]),
  ...each(USER, "ApplicationMultitenant", "accounts of its own tenant alone", [
    [70052, "The identity must be a managed identity, a single tenant app, or a service account"],
  ]),
  ...each(USER, "TenantNotFound", "Correct the tenant ID, or the cloud", [
    [5000224, "We are sorry, this resource is not available"],
    [90002, "InvalidTenantName"],
    [900023, "The tenant identifier is neither a DNS name nor an ID"],
    [900021, "Requested tenant identifier is not valid"],
    [90019, "MissingTenantRealm"],
    [50029, "Invalid URI"],
    [50059, "MissingTenantRealmAndNoUserInformationProvided"],
    [50128, "Invalid domain name"],
  ]),
  ...each(USER, "TenantShared", "own tenant by its ID", [
    [50194, "The application isn't configured as a multitenant application"],
    [9001023, "The grant type isn't supported over /common or /consumers"],
    [9002332, "The application is for Microsoft Entra users only"],
    [90124, "V1ResourceV2GlobalEndpointNotSupported"],
    [90130, "NonConvergedAppV2GlobalEndpointNotSupported"],
  ]),
  ...each(USER, "WrongCloud", "Correct the cloud (environment)", [
    [90038, "NationalCloudTenantRedirection"],
    [90043, "NationalCloudAuthCodeRedirection"],
    [90051, "InvalidNationalCloudId"],
    [900382, "Confidential Client isn't supported in Cross Cloud request"],
    [900432, "Confidential Client isn't supported in Cross Cloud request"],
    [1000104, "XCB2BResourceCloudNotAllowedOnIdentityTenant"],
    [50049, "NoSuchInstanceForDiscovery"],
  ]),
  ...each(USER, "AudienceUnknown", "Correct the audience (ARM_RESOURCE, --acr-audience", [
    [500011, "InvalidResourceServicePrincipalNotFound"],
    [50001, "InvalidResource"],
    [650052, "The organization hasn't subscribed to the service"],
    [650054, "The resource has been removed"],
    [650057, "Invalid resource"],
  ]),
  ...each(USER, "AudienceDisabled", "enable the service principal of the audience", [
    [500014, "The service principal for the resource is disabled"],
  ]),
  ...each(USER, "ScopeRefused", "Correct the audience", [
    [70011, "InvalidScope"],
    [28002, "The scope isn't valid"],
    [28003, "The scope can't be empty"],
    [700022, "InvalidMultipleResourcesScope"],
    [700023, "InvalidResourcelessScope"],
    [1002012, "Client credential flows must have a scope with /.default"],
    [90009, "TokenForItselfMissingIdenticalAppIdentifier"],
    [90102, "InvalidUriParameter"],
    [901002, "The 'resource' request parameter isn't supported"],
    [501461, "AcceptMappedClaims is only supported for an audience of the application"],
  ]),
  ...each("auth-denied", "AudienceDenied", "Let the identity have tokens for the audience", [
    [501051, "The application is not assigned to a role"],
    [65001, "DelegationDoesNotExist"],
    [65002, "Consent must be configured via preauthorization"],
    [65005, "MisconfiguredApplication"],
    [650056, "Misconfigured application"],
    [90094, "AdminConsentRequired"],
  ]),
  ...each("auth-denied", "ConditionalAccess", "Exempt the identity", [
    [53003, "BlockedByConditionalAccess"],
    [50131, "ConditionalAccessFailed"],
    [530032, "BlockedByConditionalAccessOnSecurityPolicy"],
    [530035, "BlockedBySecurityDefaults"],
  ]),
  ...each("auth-denied", "TenantRestricted", "tenant restrictions", [
    [50002, "NotAllowedTenant"],
    [500021, "Access to the tenant is denied"],
    [500022, "Access to the tenant is denied"],
  ]),
  ...each("auth-denied", "TenantForbids", "tenant's administrator admit", [
    [500212, "NotAllowedByOutboundPolicyTenant"],
    [500213, "NotAllowedByInboundPolicyTenant"],
    [90099, "The application has not been authorized in the tenant"],
    [90123, "IdentityProviderAccessDenied"],
  ]),
  ...each(USER, "TlsRefused", "lacks TLS 1.2", [
    [1002016, "TLS version 1.0, 1.1 and/or 3DES"],
  ]),
  ...each("throttled", "Throttled", "the operator waits", [
    [90055, "TenantThrottlingError"],
  ]),
  ...each("throttled", "Throttled", "the operator makes fewer and waits", [
    [50196, "LoopDetected"],
  ]),
  ...each("transient", "EntraTrouble", "tries again by itself", [
    [90006, "ExternalServerRetryableError"],
    [90012, "RequestTimeout"],
    [90024, "RequestBudgetExceededError"],
    [90033, "MsodsServiceUnavailable"],
    [50000, "TokenIssuanceError"],
    [50033, "RetryableError"],
    [90036, "MsodsServiceUnretryableFailure"],
    [90085, "OrgIdWsFederationSltRedemptionFailed: the company object is not there yet"],
    [90090, "GraphRetryableError"],
    [90091, "GraphServiceUnreachable"],
    [230109, "CachedCredentialNonGWAuthNRequestsNotSupported"],
  ]),
  ...each(USER, "RequestChanged", "a proxy that changes requests", [
    [70003, "UnsupportedGrantType"],
    [7000216, "'client_assertion', 'client_secret' or 'request' is required"],
    [7000218, "The body must contain 'client_assertion' or 'client_secret'"],
    [90004, "InvalidRequestFormat"],
    [90005, "InvalidRequestWithMultipleRequirements"],
    [90013, "InvalidUserInput"],
    [90014, "MissingRequiredField"],
    [900144, "The request body must contain a parameter"],
    [90015, "QueryStringTooLong"],
    [90023, "InvalidRequest"],
    [9002313, "InvalidRequest"],
    [900561, "BadResourceRequestInvalidRequest"],
    [90056, "BadResourceRequest"],
    [90100, "InvalidRequestParameter"],
    [90107, "InvalidXml"],
    [90117, "InvalidRequestInput"],
    [90121, "InvalidEmptyRequest"],
    [165900, "InvalidApiRequest"],
  ]),
];

/**
 * The rest of the public list (reference-error-codes.md of the Entra documentation, April 2024), by
 * why a client assertion meets none of them. Should Entra answer with one all the same, what it says
 * is told with the remedy for everything that no rule knows.
 */
export const GENERIC_CODES: Readonly<Record<string, readonly number[]>> = {
  "a person signs in, consents, or is registered, and an identity is no person": [
    ...[16000, 16001, 16002, 160021, 16003, 17003, 50005, 50014, 50015, 50020, 500208, 50034],
    ...[50053, 50055, 50056, 50057, 50058, 50061, 50064, 50068, 50070, 50071, 50072, 50074],
    ...[50076, 50078, 50079, 50086, 50087, 50088, 50089, 50105, 50125, 50126, 50132, 50133],
    ...[50135, 50136, 50140, 50143, 50144, 50158, 50161, 50168, 50170, 50173, 50177, 50178],
    ...[50180, 50192, 50197, 50199, 51001, 51004, 51006, 52004, 53002, 53004, 53010, 53011],
    ...[530034, 54000, 65004, 90008, 90022, 90072, 90093, 90095, 90101, 90125, 90126],
    ...[1000000, 1000002, 9002341],
  ],
  "a device is asked about, and pods are none": [
    ...[50097, 50099, 50127, 50129, 50155, 50187, 53000, 53001, 130004, 130005, 130006, 130007],
    ...[130008, 135010, 135011, 140000, 140001, 220450, 221000, 240001],
  ],
  "a password or ticket of a directory in one's own house is checked": [
    ...[80001, 80002, 80005, 80007, 80010, 80012, 80013, 80014, 81004, 81005, 81006, 81007],
    ...[81009, 81010, 81011, 81012, 120000, 120002, 120003, 120004, 120005, 120008, 120011],
    ...[120012, 120013, 120014, 120015, 120016, 120018, 120020, 120021],
  ],
  "SAML, WS-Federation or another identity provider is spoken": [
    ...[20001, 20012, 20033, 40008, 40009, 40010, 40015, 50007, 50008, 5000819, 50010, 50017],
    ...[50032, 50042, 50043, 50107, 50120, 50124, 501241, 50169, 501621, 75001, 75003, 75005],
    ...[7500514, 7500529, 750054, 75008, 75011, 75016, 76021, 76026, 90020, 900236, 90081],
    ...[90082, 90084, 90086, 90087],
  ],
  "codes, refresh tokens and redirects of another grant are redeemed": [
    ...[50011, 50085, 50134, 50139, 50147, 501481, 501491, 54005, 67003, 70000, 70004, 70005],
    ...[700005, 700020, 700054, 70007, 70008, 700082, 700084, 70012, 70016, 70018, 70019, 70043],
    ...[7000113, 7000114, 90007, 90016, 90027, 900971, 90114, 90119, 90120, 240002],
  ],
  "a secret or a certificate is shown, of which the operator has none": [
    ...[50003, 50146, 700030, 7000215, 7000222, 220501],
  ],
  "it says nothing that a remedy could name": [
    ...[50050, 51000, 51005, 90010, 90092, 100007, 165004],
  ],
};
