import { librariesOf } from "../../image/stand_ins.ts";
import { SERVICE_ACCOUNT_DIRECTORY } from "../../../src/kubernetes/config/in_cluster.ts";
import { DNS_ADDRESS } from "./network.ts";

/** Of the program within the pod. */
export const BUNDLE = "/manager.js";
/** Of the certificate authority of the fake Azure, in place of those that Deno has built in. */
export const AZURE_CA = "/etc/azure-ca.pem";

/** What a pod's file system is laid out from. */
export interface RootFiles {
  readonly podName: string;
  readonly podAddress: string;
  readonly bundle: string;
  readonly azureCaPem: string;
  /** The volume of its ServiceAccount. */
  readonly volume: string;
}

/** A directory to mount on, and the files and directories to bind into it: from, to. */
export interface Root {
  readonly directory: string;
  readonly binds: readonly (readonly [from: string, to: string])[];
}

/**
 * Prepares what a pod sees and nothing else: Deno under the executable's name, with its libraries,
 * and what container runtime and kubelet add.
 */
export async function prepareRoot(directory: string, files: RootFiles): Promise<Root> {
  await Deno.mkdir(`${directory}/root`);
  const etc: Record<string, string> = {
    "/etc/hosts": `127.0.0.1\tlocalhost\n${files.podAddress}\t${files.podName}\n`,
    // As the kubelet writes it for dnsPolicy ClusterFirst.
    "/etc/resolv.conf": `search msi-acrpull-system.svc.cluster.local svc.cluster.local ` +
      `cluster.local\nnameserver ${DNS_ADDRESS}\noptions ndots:5\n`,
    [AZURE_CA]: files.azureCaPem,
  };
  const written = await Promise.all(
    Object.entries(etc).map(async ([path, text]) => {
      const from = `${directory}/${path.replaceAll("/", "_")}`;
      await Deno.writeTextFile(from, text);
      return [from, path] as const;
    }),
  );
  const deno = await Deno.realPath(Deno.execPath());
  const libraries = await librariesOf(deno);
  return {
    directory: `${directory}/root`,
    binds: [
      [deno, "/manager"],
      [files.bundle, BUNDLE],
      ...await Promise.all(
        libraries.map(async (path) => [await Deno.realPath(path), path] as const),
      ),
      ...written,
      ...["null", "zero", "random", "urandom"].map((name) =>
        [`/dev/${name}`, `/dev/${name}`] as const
      ),
      // Of Debian, and so of the image, /var/run is a link to /run.
      [files.volume, SERVICE_ACCOUNT_DIRECTORY.replace(/^\/var\/run/, "/run")],
    ],
  };
}

/**
 * Run by a shell that is the first process of new mount, PID, UTS and IPC namespaces: makes the
 * root of $1 (its mounts: FROM TO pairs up to `--`) and becomes the rest of its arguments within
 * it, as the user and group of $2, without any right, as `securityContext` asks for it.
 */
export const ENTER_ROOT = `
set -eu
root=$1 user=$2 name=$3 groups=$4; shift 4
for file in $groups; do echo 0 > "$file"; done
echo "$name" > /proc/sys/kernel/hostname
mount -t tmpfs -o mode=0755 tmpfs "$root"
mkdir -p "$root/proc" "$root/tmp" "$root/var" "$root/run"
chmod 1777 "$root/tmp"
ln -s /run "$root/var/run"
while [ "$1" != -- ]; do
  mkdir -p "$root$(dirname "$2")"
  if [ -d "$1" ]; then mkdir "$root$2"; else : > "$root$2"; fi
  mount --bind "$1" "$root$2"
  case $1 in /dev/*) ;; *) mount -o remount,bind,ro "$root$2" ;; esac
  shift 2
done
shift
mount -t proc proc "$root/proc"
mount -o remount,ro "$root"
exec setpriv --no-new-privs --inh-caps=-all -- chroot --userspec="$user" --groups= "$root" "$@"
`;
