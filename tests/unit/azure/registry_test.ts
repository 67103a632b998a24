import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type AllowedSuffixes,
  DEFAULT_SUFFIXES,
  faultOfHostName,
  faultOfServer,
  homeRegistry,
  normalizeSuffix,
  registryHost,
} from "../../../src/azure/registry.ts";

const ALONE = "give the host name alone, e.g. example.azurecr.io";
const NAME = "give the registry's host name, e.g. example.azurecr.io";
const ADDRESS = `is an IP address; ${NAME}`;
const PATTERN = `is a pattern, and a credential is for one registry; ${NAME}`;
const beyondAscii = (ascii: string) =>
  `has characters beyond ASCII, which no image name has; give ${ascii} if that is meant`;
const LIKE = "is no host name; give one like example.azurecr.io";
const outside = (allowed: string) =>
  `is outside the allowed registry suffixes (${allowed}); correct it, or have the administrator ` +
  "extend --allowed-acr-server-suffixes";
const OUTSIDE = outside("azurecr.io, azurecr.us, azurecr.cn");
const LONGEST = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${
  "d".repeat(50)
}.azurecr.io`;

/** Server, allowed suffixes, and the fault that follows the quoted server; undefined for none. */
const CASES: readonly [what: string, server: string, allowed: AllowedSuffixes, fault?: string][] = [
  ["a registry of the public cloud is sound", "example.azurecr.io", DEFAULT_SUFFIXES],
  ["one of each public cloud is sound", "example.azurecr.us", DEFAULT_SUFFIXES],
  ["one of the Chinese cloud is sound", "example.azurecr.cn", DEFAULT_SUFFIXES],
  ["a regional login is sound", "example.westeurope.geo.azurecr.io", DEFAULT_SUFFIXES],
  ["a name with a hash is sound", "example-a1b2c3.azurecr.io", DEFAULT_SUFFIXES],
  ["upper case is sound", "Example.AzureCR.IO", DEFAULT_SUFFIXES],
  [
    "the root's dot is refused",
    "example.azurecr.io.",
    DEFAULT_SUFFIXES,
    "ends in a dot, which no image name does; give it without",
  ],
  ["a name of 253 characters is sound", LONGEST.slice(-253), DEFAULT_SUFFIXES],
  ["the suffix itself is sound", "registry.example.com", ["registry.example.com"]],
  ["a scheme is refused", "https://example.azurecr.io", "*", `carries a scheme; ${ALONE}`],
  [
    "a scheme in upper case is refused",
    "HTTPS://example.azurecr.io",
    "*",
    `carries a scheme; ${ALONE}`,
  ],
  ["a scheme of images is refused", "oci://example.azurecr.io", "*", `carries a scheme; ${ALONE}`],
  ["a path is refused", "example.azurecr.io/app", "*", `carries a path; ${ALONE}`],
  ["a closing slash is refused", "example.azurecr.io/", "*", `carries a path; ${ALONE}`],
  ["a backslash is refused", "example.azurecr.io\\app", "*", `carries a path; ${ALONE}`],
  ["a query is refused", "example.azurecr.io?a=b", "*", `carries a path; ${ALONE}`],
  ["a fragment is refused", "example.azurecr.io#a", "*", `carries a path; ${ALONE}`],
  [
    "user information is refused",
    "user@example.azurecr.io",
    "*",
    `carries user information; ${ALONE}`,
  ],
  [
    "a password that hides another host is refused",
    "example.azurecr.io@evil.example",
    DEFAULT_SUFFIXES,
    `carries user information; ${ALONE}`,
  ],
  ["a port is refused", "example.azurecr.io:443", "*", `carries a port; ${ALONE}`],
  ["an empty port is refused", "example.azurecr.io:", "*", `carries a port; ${ALONE}`],
  ["a name of one label is refused", "example", "*", LIKE],
  ["white space is refused", " example.azurecr.io", "*", LIKE],
  ["a line break is refused", "example.azurecr.io\n", "*", LIKE],
  ["an empty label is refused", "example..azurecr.io", "*", LIKE],
  [
    "two closing dots are refused",
    "example.azurecr.io..",
    "*",
    "ends in a dot, which no image name does; give it without",
  ],
  ["a leading dot is refused", ".azurecr.io", "*", LIKE],
  ["a label that begins with a dash is refused", "-example.azurecr.io", "*", LIKE],
  ["a label that ends with a dash is refused", "example-.azurecr.io", "*", LIKE],
  ["an underscore is refused", "my_registry.azurecr.io", "*", LIKE],
  ["a label of 64 characters is refused", `${"a".repeat(64)}.azurecr.io`, "*", LIKE],
  ["a name of 254 characters is refused", `a.${LONGEST.slice(-252)}`, "*", LIKE],
  ["an IPv4 address is refused", "10.0.0.1", "*", ADDRESS],
  ["an IPv4 address with a port is refused", "10.0.0.1:5000", "*", `carries a port; ${ALONE}`],
  ["an IPv4 address of fewer parts is refused", "10.1", "*", LIKE],
  ["an IPv4 address in hexadecimal is refused", "0x7f.0x1", "*", LIKE],
  ["an IPv6 address is refused", "[2001:db8::1]", "*", ADDRESS],
  ["an IPv6 address without brackets has no port", "2001:db8::1", "*", ADDRESS],
  [
    "an IPv6 address with a port is refused",
    "[2001:db8::1]:443",
    "*",
    `carries a port; ${ALONE}`,
  ],
  ["a wildcard is refused", "*.azurecr.io", DEFAULT_SUFFIXES, PATTERN],
  ["a wildcard within a label is refused", "team-*.azurecr.io", "*", PATTERN],
  ["a wildcard alone is refused", "*", "*", PATTERN],
  ["an internationalized name as DNS has it is sound", "xn--exmple-cua.azurecr.io", "*"],
  ["a name that URLs refuse is refused", "xn--a.azurecr.io", "*", LIKE],
  [
    "letters beyond ASCII are refused",
    "ex\u00e4mple.azurecr.io",
    "*",
    beyondAscii("xn--exmple-cua.azurecr.io"),
  ],
  [
    "a Kelvin sign is no k",
    "\u212a8s.azurecr.io",
    DEFAULT_SUFFIXES,
    beyondAscii("k8s.azurecr.io"),
  ],
  [
    "a long s is no s",
    "acce\u017fs.azurecr.io",
    DEFAULT_SUFFIXES,
    beyondAscii("access.azurecr.io"),
  ],
  [
    "a full stop of another script is refused",
    "example\u3002azurecr.io",
    "*",
    beyondAscii("example.azurecr.io"),
  ],
  ["letters beyond ASCII that make no name are refused", "\u00e4", "*", LIKE],
  ["a percent sign is refused", "example%2eazurecr.io", "*", LIKE],
  ["a suffix matches whole labels alone", "evilazurecr.io", DEFAULT_SUFFIXES, OUTSIDE],
  ["the suffix must stand at the end", "azurecr.io.evil.example", DEFAULT_SUFFIXES, OUTSIDE],
  ["another host is refused", "registry.example.com", DEFAULT_SUFFIXES, OUTSIDE],
  [
    "a suffix matches whole labels of several",
    "a.xregistry.example.com",
    ["registry.example.com"],
    outside("registry.example.com"),
  ],
];

for (const [what, server, allowed, fault] of CASES) {
  Deno.test(`registry: ${what}`, () => {
    const expected = fault === undefined ? undefined : `${JSON.stringify(server)} ${fault}`;
    assert.equal(faultOfServer(server, allowed), expected);
  });
}

Deno.test("registry: the empty server is told without being quoted", () => {
  assert.equal(
    faultOfServer("", "*"),
    "is empty; give the registry's host name, e.g. example.azurecr.io",
  );
});

Deno.test("registry: suffixes lose case, white space and the dots around them", () => {
  const given = ["azurecr.io", ".AzureCR.io.", "  azurecr.us ", "..a.b..", "*", ".", "a.\u212a"];
  assert.deepEqual(given.map(normalizeSuffix), [
    "azurecr.io",
    "azurecr.io",
    "azurecr.us",
    "a.b",
    "*",
    "",
    "a.\u212a",
  ]);
});

const HOMES: readonly [server: string, home: string][] = [
  ["Example.AzureCR.io", "example.azurecr.io"],
  ["example.westeurope.geo.azurecr.io", "example.azurecr.io"],
  ["Example-a1b2c3.WestEurope.GEO.AzureCR.us.", "example-a1b2c3.azurecr.us"],
  ["example.region.geo.azurecr.sovcloud-azure.fr", "example.azurecr.sovcloud-azure.fr"],
  ["example.geo.azurecr.io", "example.geo.azurecr.io"],
  ["a.b.example.geo.azurecr.io", "a.b.example.geo.azurecr.io"],
  ["example.westeurope.data.azurecr.io", "example.westeurope.data.azurecr.io"],
  ["example.region.geo.io", "example.region.geo.io"],
];

Deno.test("registry: a regional endpoint's home is the registry without region", () => {
  assert.deepEqual(HOMES.map(([server]) => [server, homeRegistry(server)]), HOMES);
});

const label = fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?$/);
const hostLike = fc.oneof(
  fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join(".")),
  fc.webAuthority(),
  fc.domain(),
  fc.ipV4Extended(),
  fc.string(),
).chain((host) => fc.constantFrom(host, `${host}.`, host.toUpperCase()));

Deno.test("property: an admitted server is the very host that a URL made of it calls", () => {
  fc.assert(
    fc.property(hostLike, (server) => {
      if (faultOfHostName(server) !== undefined) return;
      const url = new URL(`https://${registryHost(server)}/oauth2/exchange`);
      assert.equal(url.hostname, registryHost(server));
      assert.deepEqual([url.port, url.username, url.pathname], ["", "", "/oauth2/exchange"]);
    }),
    { numRuns: 500 },
  );
});

Deno.test("property: whatever is admitted under suffixes ends with a whole one of them", () => {
  const allowed = ["azurecr.io", "registry.example.com"];
  const name = fc.tuple(fc.constantFrom("", ".", "x", "x."), fc.constantFrom(...allowed, "b.com"))
    .chain(([joint, suffix]) => label.map((first) => `${first}${joint}${suffix}`));
  fc.assert(
    fc.property(name, (server) => {
      const labels = registryHost(server).split(".");
      const inside = allowed.some((suffix) =>
        labels.slice(-suffix.split(".").length).join(".") === suffix
      );
      assert.equal(faultOfServer(server, allowed) === undefined, inside);
    }),
  );
});
