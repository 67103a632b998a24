import type { Clock } from "../runtime/time/clock.ts";
import type { Route } from "../runtime/network/proxy_route.ts";

/** Where calls go by pools of their own. */
export interface ConnectionsOptions {
  /** Makes a pool of connections: `Deno.createHttpClient`, or what a test puts in its place. */
  readonly create: (route: Route) => Deno.HttpClient;
  /** Whether calls to a host go by way of a proxy. By default none does. */
  readonly routeOf?: (url: URL) => Route;
  /** Whether authorities of an administrator's are trusted beside Deno's own. By default none is. */
  readonly hasBundle?: boolean;
  readonly clock: Pick<Clock, "now">;
  /** Asked before each call: whether pools made before are out of date. */
  readonly outdated?: () => boolean;
  /** For how long a connection that has served before may say nothing, in milliseconds. */
  readonly silentMs?: number;
}

/** The right to send one call to one host, until `release`. */
export interface Connection {
  readonly client: Deno.HttpClient;
  readonly route: Route;
  /**
   * The host has answered by this pool before: the call may go by a connection that is left from
   * then, whose other end may have vanished without a word.
   */
  readonly used: boolean;
  /** Milliseconds for which the host may still say nothing to a call that began at `startedAt`. */
  patienceMs(startedAt: number): number;
  /** The calls to that host by this pool that its silence concerns, each by what it then does. */
  readonly watching: Set<() => void>;
  /** Something came from the host. */
  heard(): void;
  /** The answer of a call that began at `startedAt` has begun. */
  answered(startedAt: number): void;
  /** The host's next call takes a new connection. Those under way end as they are. */
  retire(): void;
  /** Ends the use. More than one call is harmless. */
  release(): void;
}

/** A client of Deno keeps connections to many hosts. */
interface Pool {
  readonly client: Deno.HttpClient;
  readonly route: Route;
  readonly number: number;
  /** How many hosts take this pool. */
  hosts: number;
  underWay: number;
  retired: boolean;
}

interface Host {
  readonly route: Route;
  pool: Pool | undefined;
  /** Number of the last pool that this host has left. */
  left: number;
  underWay: number;
  /** Of the pool. */
  answers: boolean;
  watching: Set<() => void>;
  /** Milliseconds since the epoch. */
  heardAt: number;
  /** The longest that the host took lately until its answer began. */
  slowestMs: number;
}

/**
 * Half of what is left of a minute after a backoff: Entra and then the registry may each have gone
 * silent. Most answers take under a second.
 */
const SILENT_MS = 10_000;

/** Bindings may name any number of registries; those that were asked last are remembered. */
const MOST_HOSTS = 1000;

/** A pool takes 0.1 MB, its connections aside. */
const MOST_POOLS = 16;

/**
 * Connections to Azure's hosts, which are renewed host by host.
 *
 * A connection whose peer has vanished without a word takes every later request and answers none, and
 * a pool of Deno cannot be told to drop it. So a host that went silent moves to another pool; all
 * others stay where they are. The newest pool takes whoever moves, so that there are few of them.
 */
export class Connections {
  readonly #options: Required<ConnectionsOptions>;
  readonly #hosts = new Map<string, Host>();
  /** Those that hosts may take, the newest last. */
  readonly #pools = new Set<Pool>();
  #made = 0;

  constructor(options: ConnectionsOptions) {
    this.#options = {
      silentMs: SILENT_MS,
      outdated: () => false,
      routeOf: () => "direct",
      hasBundle: false,
      ...options,
    };
  }

  /** How many pools there are that hosts may take. */
  get size(): number {
    return this.#pools.size;
  }

  /** Whether there is a bundle of further authorities. */
  get hasBundle(): boolean {
    return this.#options.hasBundle;
  }

  /** A connection for one call to the URL's host, made when fetch needs it. */
  open(url: URL): Connection {
    if (this.#options.outdated()) this.#pools.forEach((pool) => this.#retire(pool));
    const host = this.#hostOf(url);
    const pool = this.#poolOf(host);
    host.underWay++;
    pool.underWay++;
    let released = false;
    return {
      client: pool.client,
      route: pool.route,
      used: host.answers,
      watching: host.watching,
      patienceMs: (startedAt) => this.#patienceMs(host, startedAt),
      heard: () => this.#heard(host, pool),
      answered: (startedAt) => this.#answered(host, pool, startedAt),
      retire: () => this.#move(host, pool),
      release: () => {
        if (released) return;
        released = true;
        host.underWay--;
        pool.underWay--;
        this.#closeUnused(pool);
      },
    };
  }

  #hostOf(url: URL): Host {
    const { host: name } = url;
    const host = this.#hosts.get(name) ?? newHost(this.#options.routeOf(url));
    this.#hosts.delete(name);
    this.#hosts.set(name, host);
    if (this.#hosts.size > MOST_HOSTS) this.#forgetOldest();
    return host;
  }

  #forgetOldest(): void {
    for (const [name, host] of this.#hosts) {
      if (host.underWay > 0) continue;
      this.#hosts.delete(name);
      if (host.pool !== undefined) this.#leave(host, host.pool);
      return;
    }
  }

  #poolOf(host: Host): Pool {
    if (host.pool !== undefined && !host.pool.retired) return host.pool;
    const newest = this.#newest(host.route);
    const pool = newest !== undefined && newest.number > host.left
      ? newest
      : this.#make(host.route);
    pool.hosts++;
    host.pool = pool;
    host.answers = false;
    host.watching = new Set();
    return pool;
  }

  #newest(route: Route): Pool | undefined {
    return [...this.#pools].findLast((pool) => pool.route === route);
  }

  #make(route: Route): Pool {
    const before = this.#newest(route);
    const pool: Pool = {
      client: this.#options.create(route),
      route,
      number: ++this.#made,
      hosts: 0,
      underWay: 0,
      retired: false,
    };
    this.#pools.add(pool);
    // It was kept for who might come.
    if (before !== undefined) this.#retireDeserted(before);
    const [oldest] = this.#pools;
    if (this.#pools.size > MOST_POOLS) this.#retire(oldest!);
    return pool;
  }

  /** A call is given as long as the host's slow answers took, twice over. */
  #patienceMs({ heardAt, slowestMs }: Host, startedAt: number): number {
    const now = this.#options.clock.now();
    // A wall clock that was set back must not make the wait longer than the limit.
    const since = Math.min(now, Math.max(heardAt, startedAt));
    return since + Math.max(this.#options.silentMs, 2 * slowestMs) - now;
  }

  #heard(host: Host, pool: Pool): void {
    if (host.pool === pool) host.heardAt = this.#options.clock.now();
  }

  #answered(host: Host, pool: Pool, startedAt: number): void {
    this.#heard(host, pool);
    if (host.pool === pool) host.answers = true;
    const tookMs = this.#options.clock.now() - startedAt;
    host.slowestMs = Math.max(tookMs, host.slowestMs / 2);
  }

  /** A host that has moved meanwhile stays where it is. */
  #move(host: Host, pool: Pool): void {
    if (host.pool !== pool) return;
    host.left = pool.number;
    this.#leave(host, pool);
  }

  #leave(host: Host, pool: Pool): void {
    host.pool = undefined;
    pool.hosts--;
    if (this.#newest(pool.route) !== pool) this.#retireDeserted(pool);
  }

  #retireDeserted(pool: Pool): void {
    if (pool.hosts === 0) this.#retire(pool);
  }

  #retire(pool: Pool): void {
    if (pool.retired) return;
    pool.retired = true;
    this.#pools.delete(pool);
    this.#closeUnused(pool);
  }

  #closeUnused({ retired, underWay, client }: Pool): void {
    if (retired && underWay === 0) client.close();
  }
}

function newHost(route: Route): Host {
  return {
    route,
    pool: undefined,
    left: 0,
    underWay: 0,
    answers: false,
    watching: new Set(),
    heardAt: 0,
    slowestMs: 0,
  };
}
