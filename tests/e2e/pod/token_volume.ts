/** What a pod's volume of its ServiceAccount holds. */
export interface VolumeFiles {
  readonly token: string;
  readonly "ca.crt": string;
  readonly namespace: string;
}

/** Who may read it. */
export interface VolumeOwner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The volume of a ServiceAccount as the kubelet writes it: files are links through `..data` to a
 * directory of one moment, and `..data` is replaced at once (pkg/volume/util/atomic_writer.go of
 * Kubernetes).
 */
export class TokenVolume {
  readonly directory: string;
  readonly #owner: VolumeOwner;
  #moment = 0;

  constructor(directory: string, owner: VolumeOwner) {
    this.directory = directory;
    this.#owner = owner;
  }

  /** Writes the files, all of them at once for whoever reads. */
  async write(files: VolumeFiles): Promise<void> {
    const name = `..moment_${++this.#moment}`;
    await Deno.mkdir(`${this.directory}/${name}`, { mode: 0o755 });
    for (const [file, text] of Object.entries(files)) {
      await this.#put(`${this.directory}/${name}/${file}`, text);
      if (this.#moment === 1) await Deno.symlink(`..data/${file}`, `${this.directory}/${file}`);
    }
    await Deno.symlink(name, `${this.directory}/..data_tmp`);
    await Deno.rename(`${this.directory}/..data_tmp`, `${this.directory}/..data`);
    if (this.#moment > 1) {
      const before = `${this.directory}/..moment_${this.#moment - 1}`;
      await Deno.remove(before, { recursive: true });
    }
  }

  /** With one user in all containers, the token is for that user alone. */
  async #put(path: string, text: string): Promise<void> {
    await Deno.writeTextFile(path, text, { mode: 0o600 });
    await Deno.chown(path, this.#owner.uid, this.#owner.gid);
  }
}
