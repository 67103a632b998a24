import type { Clock } from "../../../src/runtime/time/clock.ts";
import { systemClock } from "../../../src/runtime/time/clock.ts";
import type { Random } from "../../../src/runtime/random.ts";
import type { ServerVersion } from "./discovery/discovery.ts";
import type { Attributes } from "./http/attributes.ts";

/** A request with the user behind it. */
export interface UserAttributes extends Attributes {
  readonly user: string;
}

/** How an in-memory API server behaves. Everything has a default. */
export interface KubernetesOptions {
  /** Time of all timestamps, timeouts and bookmarks. Default: the machine's. */
  readonly clock?: Clock;
  /** Chance behind uids, generated names and tokens. Default: the same sequence every time. */
  readonly random?: Random;
  /** Manifests of CustomResourceDefinitions, YAML or JSON, one or several documents each. */
  readonly crds?: readonly string[];
  /** Namespaces besides default, kube-system, kube-public and kube-node-lease. */
  readonly namespaces?: readonly string[];
  /** Whether new namespaces get a ServiceAccount `default`. Default: no. */
  readonly autoServiceAccount?: boolean;
  /** Whether objects go when their last owner has gone. Default: yes. */
  readonly garbageCollector?: boolean;
  /** Whether deleted namespaces are emptied and removed. Default: yes. */
  readonly namespaceController?: boolean;
  /** Writes of each resource that a watch can resume over. Default: 1000. */
  readonly historySize?: number;
  /** Milliseconds between the bookmarks of a watch. Default: 60,000. */
  readonly bookmarkIntervalMs?: number;
  /** Issuer of tokens and their default audience. */
  readonly issuer?: string;
  /** What /version says. Default: 1.36. */
  readonly version?: ServerVersion;
  /** Which calls are expected. Any other is answered 501 and remembered. Default: all. */
  readonly allow?: (attributes: UserAttributes) => boolean;
  /** The user behind a bearer token; undefined answers 401. Default: see DEFAULT_USER. */
  readonly authenticate?: (token: string | undefined) => string | undefined;
  /** false or a reason answers 403. Default: everything is allowed. */
  readonly authorize?: (attributes: UserAttributes) => boolean | string;
}

/** Who asks when the token was not issued by this server. */
export const DEFAULT_USER = "system:admin";

export type CompleteOptions = Required<Omit<KubernetesOptions, "authenticate">>;

/** Fills in the defaults. */
export function completeOptions(options: KubernetesOptions): CompleteOptions {
  return {
    clock: systemClock,
    random: repeatable(),
    crds: [],
    namespaces: [],
    autoServiceAccount: false,
    garbageCollector: true,
    namespaceController: true,
    historySize: 1000,
    bookmarkIntervalMs: 60_000,
    issuer: "https://kubernetes.default.svc.cluster.local",
    version: { major: "1", minor: "36", gitVersion: "v1.36.3" },
    allow: () => true,
    authorize: () => true,
    ...options,
  };
}

/** Numbers that look random and are the same in every run (xorshift32). */
function repeatable(): Random {
  let state = 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
