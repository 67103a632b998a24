/** What a comparable resourceVersion looks like. */
const COMPARABLE = /^(0|[1-9][0-9]*)$/;

/**
 * Whether `version` is of a later moment than `than`. The resourceVersions of one resource are
 * decimal integers that grow with every write (KEP-5504, stable since Kubernetes 1.35; servers over
 * etcd have always kept to it). They may outgrow a double, hence digits are compared.
 * One that is no integer cannot be compared: it counts as newer, so that whoever spoke last is
 * believed.
 */
export function isNewer(version: string, than: string): boolean {
  if (!COMPARABLE.test(version) || !COMPARABLE.test(than)) return version !== than;
  if (version.length !== than.length) return version.length > than.length;
  return version > than;
}
