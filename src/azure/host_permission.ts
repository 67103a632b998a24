/** What to do where Deno's permissions lack a host. deploy/sandbox.md says it too. */
export const ALLOW_HOST_REMEDY =
  "make an executable that may, with `deno task compile --allow-host`, or an image with the " +
  "build argument ALLOW_HOSTS";

/** The host of a URL as Deno's permissions name it: always with its port. */
export function permissionHost({ host, port, protocol }: URL): string {
  return port !== "" ? host : `${host}:${protocol === "https:" ? 443 : 80}`;
}
