import { Redacted } from "../../runtime/masking/redacted.ts";
import {
  basic,
  bearer,
  FixedCredentials,
  tokenFault,
  tokenFileCredentials,
} from "./credentials.ts";
import type { Entry } from "./entry.ts";
import { type ClusterInfo, execCredentials } from "./exec.ts";
import { pemField, readNamed } from "./file_or_data.ts";
import type { ConfigSources } from "./sources.ts";
import type { ClientCertificate, CredentialsProvider } from "./types.ts";

/** The client certificate of a kubeconfig's user. */
export interface UserCertificate {
  /** Fields and files, for messages. */
  readonly source: string;
  /** Files are read anew each time. Rejects with `ConfigError`. */
  read(): Promise<ClientCertificate>;
}

/** Fields of a user that would change who we are, and that are not followed. */
const IMPERSONATION = ["as", "as-uid", "as-groups", "as-user-extra"];

/**
 * How the user of `users[].user` proves itself by header. `clusterInfo` is for exec plugins.
 * Throws `ConfigError` for what is wrong or cannot be done here. Where several ways are given the
 * order is client-go's: token file, token, password, plugin.
 */
export function userCredentials(
  user: Entry,
  clusterInfo: () => Promise<ClusterInfo>,
  sources: ConfigSources,
): CredentialsProvider {
  refuseUnsupported(user);
  const tokenFile = user.filePath("tokenFile");
  const token = user.string("token");
  const username = user.string("username");
  const exec = user.child("exec");
  if (username !== undefined && (token ?? tokenFile) !== undefined) {
    throw user.fault("username", "stands beside a token; only one of them may be set");
  }
  if (tokenFile !== undefined) {
    return tokenFileCredentials(sources.clock, () => readToken(user, tokenFile, sources));
  }
  if (token !== undefined) {
    const fault = tokenFault(token);
    if (fault !== undefined) throw user.fault("token", fault);
    return new FixedCredentials({ authorization: bearer(new Redacted(token)) });
  }
  if (username !== undefined) {
    const password = new Redacted(user.string("password") ?? "");
    return new FixedCredentials({ authorization: basic(username, password) });
  }
  return exec ? execCredentials(exec, clusterInfo, sources) : new FixedCredentials({});
}

/** The client certificate of `users[].user`, or `undefined`. Throws `ConfigError` for half a pair. */
export function userCertificate(
  user: Entry,
  sources: Pick<ConfigSources, "readFile">,
): UserCertificate | undefined {
  const certificate = pemField(user, "client-certificate", "certificate", sources);
  const key = pemField(user, "client-key", "key", sources);
  if (certificate === undefined && key === undefined) return undefined;
  if (key === undefined) throw user.fault("client-key", "is missing beside client-certificate");
  if (certificate === undefined) {
    throw user.fault("client-certificate", "is missing beside client-key");
  }
  return {
    source: `${certificate.source} (or its client-key)`,
    read: async () => ({
      certificate: await certificate.read(),
      key: new Redacted(await key.read()),
    }),
  };
}

function refuseUnsupported(user: Entry): void {
  if (user.child("auth-provider") !== undefined) {
    throw user.fault(
      "auth-provider",
      "is not supported, nor by kubectl since 1.26; use an exec plugin " +
        "(for AKS: kubelogin convert-kubeconfig)",
    );
  }
  for (const key of IMPERSONATION) {
    if ((user.raw(key) ?? "") === "") continue;
    throw user.fault(key, "is not supported: use credentials of that user itself");
  }
}

async function readToken(
  user: Entry,
  path: string,
  sources: Pick<ConfigSources, "readFile">,
): Promise<Redacted> {
  const token = (await readNamed(user, "tokenFile", path, sources)).trim();
  const fault = token === "" ? undefined : tokenFault(token);
  if (fault !== undefined) throw user.fault("tokenFile", `names ${path}, which ${fault}`);
  if (token === "") throw user.fault("tokenFile", `names "${path}", which is empty`);
  return new Redacted(token);
}
