const NAME = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const IPV6 = /^\[[0-9a-f:.]+\]$/;

/**
 * Reads one or more `HOST:PORT`, separated by commas, as Deno takes them. The port is demanded: a
 * host without one would be open on every port. Throws an Error that says what is wrong.
 */
export function parseHosts(text: string): string[] {
  return text.split(",").map((item) => item.trim()).filter(Boolean).map(checked);
}

function checked(item: string): string {
  const [, host, port] = /^(.*):(\d{1,5})$/.exec(item.toLowerCase()) ?? [];
  const usable = host !== undefined && Number(port) > 0 && Number(port) < 65536 &&
    (NAME.test(host) || IPV6.test(host));
  if (!usable) {
    throw new Error(
      `"${item}" is no host to allow: write HOST:PORT or *.DOMAIN:PORT, such as ` +
        "login.example.com:443 or *.registry.example.com:443",
    );
  }
  return `${host}:${port}`;
}
