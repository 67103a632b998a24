import { trimEnd } from "../../runtime/text/trim.ts";
import { Redacted } from "../../runtime/masking/redacted.ts";
import type { Entry } from "./entry.ts";
import { type PemField, pemField } from "./file_or_data.ts";
import type { ConfigSources } from "./sources.ts";
import type { ClusterProxy } from "./types.ts";

/** The `cluster` of an entry of a kubeconfig, read and checked. */
export interface ClusterSettings {
  readonly server: string;
  readonly ca: PemField | undefined;
  readonly proxy: ClusterProxy | undefined;
}

/** Reads `clusters[].cluster`. Throws `ConfigError` for what is wrong or cannot be done here. */
export function readClusterEntry(
  cluster: Entry,
  sources: Pick<ConfigSources, "readFile">,
): ClusterSettings {
  refuseUnsupported(cluster);
  return {
    server: readServer(cluster),
    ca: pemField(cluster, "certificate-authority", "certificate", sources),
    proxy: readProxy(cluster),
  };
}

function refuseUnsupported(cluster: Entry): void {
  if (cluster.flag("insecure-skip-tls-verify")) {
    throw cluster.fault(
      "insecure-skip-tls-verify",
      "is not supported: Deno can leave certificates unchecked for the whole process only, Azure's " +
        "included; put the server's CA into certificate-authority-data",
    );
  }
  if (cluster.string("tls-server-name") !== undefined) {
    throw cluster.fault(
      "tls-server-name",
      "is not supported: Deno's fetch expects the host of `server` in the certificate; use a name " +
        "that the certificate holds as the host of `server`, and have it resolve by /etc/hosts",
    );
  }
}

function readServer(cluster: Entry): string {
  const server = cluster.required("server");
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search || url.hash) {
    throw cluster.fault("server", `is "${server}"; it must be a URL such as https://host:6443`);
  }
  if (url.username || url.password) {
    throw cluster.fault("server", "must not carry a username or password");
  }
  return trimEnd(url.href, "/");
}

function readProxy(cluster: Entry): ClusterProxy | undefined {
  const text = cluster.string("proxy-url");
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^(https?|socks5h?):$/.test(url.protocol)) {
    throw cluster.fault("proxy-url", "must be a URL of http, https, socks5 or socks5h");
  }
  const username = decodeURIComponent(url.username);
  const password = new Redacted(decodeURIComponent(url.password));
  url.username = url.password = "";
  const proxy = { url: url.href.replace(/\/$/, "") };
  return username === "" ? proxy : { ...proxy, basicAuth: { username, password } };
}
