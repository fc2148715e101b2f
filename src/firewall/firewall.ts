/**
 * Keeps our two nftables tables in the kernel. Callers say what should be; one writer at a time turns the difference
 * into a transaction. Whoever asks while a transaction runs shares the next one; nobody waits for company.
 */
import { listNftTables } from '../host/nft-tables.ts';
import { run } from '../host/run.ts';
import { changeElements, type GuestPort, guestTable, portElements, type SetElement } from './guest-filter.ts';
import { type BridgedNetwork, hostTable, noTable } from './host-rules.ts';

export type Firewall = AsyncDisposable & {
  /** Brings the tables to these networks and to the ports admitted; whole again when somebody flushed them. */
  ensure(networks: readonly BridgedNetwork[]): Promise<void>;
  /** What is known from before, to be part of the first transaction. */
  adopt(networks: readonly BridgedNetwork[], ports: readonly GuestPort[]): void;
  /** When this resolves the port can send with its own addresses only. */
  admit(port: GuestPort): Promise<void>;
  /** For a link that is gone. Removals cost 15 ms in the kernel: they are gathered, nobody waits for them. */
  forget(link: string): void;
};

type Applied = { networks: string; ports: Map<string, SetElement[]>; handles: string };

const removalDelayMs = 100;

export function createFirewall(options: { table: string }): Firewall {
  const { table } = options;
  const ports = new Map<string, GuestPort>();
  let networks: readonly BridgedNetwork[] = [];
  let applied: Applied | undefined;
  let changed = new Set<string>();
  let last: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  let removal: NodeJS.Timeout | undefined;

  const wanted = () => hostTable(table, networks);
  const nft = (text: string) => run('nft', ['-f', '-'], { input: text });

  const replaceAll = async () => {
    const taken = new Map([...ports].map(([link, port]) => [link, portElements(port)]));
    const text = wanted();
    const nothing = networks.length === 0 && ports.size === 0;
    await nft(
      nothing ? noTable('bridge', table) + noTable('inet', table) : guestTable(table, [...ports.values()]) + text,
    );
    applied = { networks: text, ports: taken, handles: handlesOf(table) };
  };

  const applyChanges = async (state: Applied, links: ReadonlySet<string>) => {
    const added = new Map<string, SetElement[]>();
    const removed: SetElement[] = [];
    for (const link of links) {
      const port = ports.get(link);
      const [before, after] = [state.ports.get(link) ?? [], port ? portElements(port) : []];
      if (JSON.stringify(before) === JSON.stringify(after)) continue;
      removed.push(...before);
      added.set(link, after);
    }
    const text = wanted();
    const rules =
      changeElements('delete', table, removed) +
      changeElements('add', table, [...added.values()].flat()) +
      (text === state.networks ? '' : text);
    if (rules !== '') await nft(rules);
    for (const [link, elements] of added) ports.has(link) ? state.ports.set(link, elements) : state.ports.delete(link);
    if (text === state.networks) return;
    state.networks = text;
    state.handles = handlesOf(table);
  };

  const apply = async () => {
    const links = changed;
    changed = new Set();
    const empty = networks.length === 0 && ports.size === 0;
    try {
      if (applied && !empty) return await applyChanges(applied, links);
    } catch {
      // Somebody changed our table behind our back: make it whole. What is really wrong with the rules throws again.
    }
    applied = undefined;
    await replaceAll();
  };

  const flush = (): Promise<void> => {
    waiting ??= last
      .catch(() => {})
      .then(() => {
        waiting = undefined;
        return apply();
      });
    last = waiting;
    return waiting;
  };

  const flushRemovals = () => {
    removal = undefined;
    // A failure leaves `applied` undefined, and the next caller makes the tables whole and hears of it.
    flush().catch(() => {});
  };

  return {
    adopt(knownNetworks, knownPorts) {
      networks = knownNetworks;
      for (const port of knownPorts) ports.set(port.link, port);
    },
    async ensure(next) {
      networks = next;
      if (applied && applied.handles !== handlesOf(table)) applied = undefined;
      await flush();
    },
    async admit(port) {
      ports.set(port.link, port);
      changed.add(port.link);
      await flush();
    },
    forget(link) {
      if (!ports.delete(link)) return;
      changed.add(link);
      removal ??= setTimeout(flushRemovals, removalDelayMs);
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(removal);
      if (removal) await flush();
      await last.catch(() => {});
    },
  };
}

/** Changes when a table of ours is made anew, by us or by somebody else. */
function handlesOf(table: string): string {
  return listNftTables()
    .filter(({ name }) => name === table)
    .map(({ family, handle }) => `${family} ${handle}`)
    .join(', ');
}
