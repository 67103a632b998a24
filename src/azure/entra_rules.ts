import {
  CORRECT_AUDIENCE,
  denied,
  ENABLE_AUDIENCE,
  local,
  RETRY,
  type Rule,
  throttled,
  transient,
  user,
} from "./classification.ts";

const AUDIENCE = user("AudienceUnknown", CORRECT_AUDIENCE);

/** What is wrong with the federated credential, or with Entra's trust in the cluster's issuer. */
const FEDERATION: readonly Rule[] = [
  {
    codes: [70021],
    ...user(
      "FederationNotFound",
      "Create a federated credential that matches issuer, subject and audience; a new one takes minutes to work.",
    ),
  },
  {
    // 50048 and 700021: without one, Entra takes the assertion for one that the client itself signed.
    codes: [70025, 50048, 700021],
    ...denied(
      "FederationNotFound",
      "Create a federated credential for this service account: the identity has none; a new one takes minutes to work.",
    ),
  },
  {
    codes: [700211],
    ...user(
      "FederationIssuer",
      "Make the federated credential's issuer equal the cluster's, trailing slash included.",
    ),
  },
  {
    codes: [700212],
    ...user(
      "FederationAudience",
      "Make the federated credential's audience equal --service-account-token-audience.",
    ),
  },
  {
    codes: [7002137, 7002138],
    ...user(
      "FederationSubjectCase",
      "Make the federated credential's subject equal system:serviceaccount:NAMESPACE:NAME, in the same case.",
    ),
  },
  {
    codes: [700213],
    ...user(
      "FederationSubject",
      "Make the federated credential's subject equal system:serviceaccount:NAMESPACE:NAME.",
    ),
  },
  {
    codes: [700222, 700223, 700226, 700229, 700236, 700238, 7002381],
    ...denied(
      "FederationForbidden",
      "Have the tenant's administrator allow federated credentials of the cluster's issuer for applications and managed identities.",
    ),
  },
  {
    codes: [700024, 500133],
    ...transient("AssertionExpired", "Check the clocks of the nodes if this stays."),
  },
  {
    codes: [700027, 7000272, 50006, 50012, 900384],
    ...transient(
      "SigningKeyUnknown",
      "Publish the cluster's current signing keys at its issuer URL.",
    ),
  },
  {
    codes: [50013, 50027, 70002],
    ...user(
      "AssertionRefused",
      "Check that the cluster's issuer URL is the one that its API server puts into tokens, and that nothing on the way changes requests.",
    ),
  },
  {
    codes: [90061, 50166],
    ...transient("IssuerUnreachable", "Make the cluster's issuer discovery URL public."),
  },
  {
    codes: [900612],
    ...user("IssuerKeysUnreadable", "Publish valid signing keys at the cluster's issuer URL."),
  },
];

/** What is wrong with the client, or the tenant that it is looked for in. */
const CLIENT: readonly Rule[] = [
  {
    codes: [700016, 700011],
    ...user("ApplicationNotFound", "Correct the client ID or the tenant ID."),
  },
  {
    codes: [7000229, 900491],
    ...user(
      "ServicePrincipalMissing",
      "Create the application's service principal in the tenant (az ad sp create --id CLIENT_ID), or correct the tenant ID.",
    ),
  },
  {
    codes: [7000112, 70001, 1000031],
    ...user("ApplicationDisabled", "Enable the application in its tenant."),
  },
  {
    codes: [700025],
    ...user(
      "ApplicationPublic",
      "Take an identity that may show credentials: the application is registered as a public client.",
    ),
  },
  {
    codes: [70052],
    ...user(
      "ApplicationMultitenant",
      "Take a managed identity, or an application that is registered for accounts of its own tenant alone.",
    ),
  },
  {
    codes: [5000224, 90002, 900023, 900021, 90019, 50029, 50059, 50128],
    ...user("TenantNotFound", "Correct the tenant ID, or the cloud of the binding."),
  },
  {
    codes: [50194, 9001023, 9002332, 90124, 90130],
    ...local("TenantShared", "Name the identity's own tenant by its ID."),
  },
  {
    codes: [90038, 90043, 90051, 900382, 900432, 1000104, 50049],
    ...local("WrongCloud", "Correct the cloud (environment) of the binding."),
  },
];

/** What is wrong with what the token is for. */
const RESOURCE: readonly Rule[] = [
  { codes: [500011, 50001, 650052, 650054, 650057], ...AUDIENCE },
  { codes: [500014], ...user("AudienceDisabled", ENABLE_AUDIENCE) },
  { errors: ["invalid_resource"], ...AUDIENCE },
  {
    codes: [70011, 28002, 28003, 700022, 700023, 1002012, 90009, 90102, 901002, 501461],
    ...local("ScopeRefused", "Correct the audience."),
  },
  {
    codes: [501051, 65001, 65002, 65005, 650056, 90094],
    ...denied(
      "AudienceDenied",
      "Let the identity have tokens for the audience: assign it to the audience's application, or consent to it in the tenant.",
    ),
  },
];

/** What rules of a tenant or a network forbid. */
const RULES_OF_TENANT: readonly Rule[] = [
  {
    codes: [53003, 50131, 530032, 530035],
    ...denied("ConditionalAccess", "Exempt the identity from the Conditional Access policy."),
  },
  {
    codes: [50002, 500021, 500022],
    ...denied(
      "TenantRestricted",
      "Have the proxy on the way to Entra list this tenant in its tenant restrictions.",
    ),
  },
  {
    codes: [500212, 500213, 90099, 90123],
    ...denied("TenantForbids", "Have the tenant's administrator admit the identity."),
  },
  {
    codes: [1002016],
    ...user("TlsRefused", "Look for a proxy or TLS inspection that lacks TLS 1.2."),
  },
];

/** What passes, or is no fault of the binding's. */
const SERVICE: readonly Rule[] = [
  { codes: [90055], ...throttled("The tenant is being throttled; the operator waits.") },
  {
    codes: [50196],
    ...throttled("Entra saw the same call too often; the operator makes fewer and waits."),
  },
  {
    codes: [90006, 90012, 90024, 90033, 50000, 50033, 90036, 90085, 90090, 90091, 230109],
    ...transient("EntraTrouble", RETRY),
  },
  { errors: ["temporarily_unavailable"], ...transient("EntraTrouble", RETRY) },
  {
    // The operator's requests are all alike: those that are not well formed were changed.
    codes: [
      ...[70003, 7000216, 7000218, 90004, 90005, 90013, 90014, 900144, 90015, 90023],
      ...[9002313, 900561, 90056, 90100, 90107, 90117, 90121, 165900],
    ],
    ...user("RequestChanged", "Look for a proxy that changes requests on the way to Entra."),
  },
  { statuses: [429], ...throttled("The operator waits as long as Entra asks.") },
];

/**
 * What Entra's answers to a client assertion call for, by AADSTS number where there is one: one number
 * arrives under several values of `error`. The first rule that matches counts. Numbers that only a
 * person who signs in, a certificate or a secret can meet are not among them.
 *
 * Sources: reference-error-codes.md of the Entra documentation, troubleshooting.md of
 * azure-workload-identity, and, for what these leave out, public logs.
 */
export const ENTRA: readonly Rule[] = [
  ...FEDERATION,
  ...CLIENT,
  ...RESOURCE,
  ...RULES_OF_TENANT,
  ...SERVICE,
];
