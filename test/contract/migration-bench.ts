/** Both ends of a migration in one process, over channels in memory. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BesideTree } from '../../src/core/ports/backups.ts';
import type {
  Migration,
  MigrationSource,
  MigrationTarget,
  Sockets,
  TravellingSnapshot,
} from '../../src/core/ports/migration.ts';
import { createMigration, type MigrationParts } from '../../src/migration/migration.ts';
import { channelPair } from './channel-pair.ts';

export const nothing: BesideTree = { templates: {} };

export type Bench = AsyncDisposable & { migration: Migration; directory: string; at(...names: string[]): string };

export async function setUp(parts: Partial<MigrationParts> = {}): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'gasthof-migration-'));
  const at = (...names: string[]) => join(directory, ...names);
  for (const name of ['source', 'target']) mkdirSync(at(name));
  return {
    migration: createMigration(at('scratch'), parts),
    directory,
    at,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

export function connect(): [Sockets, Sockets] {
  const [control, otherControl] = channelPair();
  const [fs, otherFs] = channelPair();
  return [
    { control, fs },
    { control: otherControl, fs: otherFs },
  ];
}

const snapshot = (name: string): TravellingSnapshot => ({
  name,
  config: {},
  devices: {},
  profiles: [],
  ephemeral: false,
  stateful: false,
  architecture: 'x86_64',
  createdAt: new Date(1_700_000_000_000),
  lastUsedAt: undefined,
  expiresAt: undefined,
});

export function sourceOf(
  bench: Bench,
  more: Partial<MigrationSource> & { snapshots?: string[] } = {},
): MigrationSource {
  const { snapshots = [], ...rest } = more;
  return {
    offer: {
      kind: 'instance',
      snapshots: snapshots.map(snapshot),
      index: { Container: { name: 'c1' }, VolumeSnapshots: snapshots.map((name) => ({ name })) },
    },
    lend: (name, use) => use({ rootfs: bench.at('source', name ?? ''), beside: nothing }),
    ...rest,
  };
}

export type Received = MigrationTarget & { index: Record<string, unknown>; kept: string[]; beside: BesideTree };

export function targetOf(bench: Bench, more: Partial<MigrationTarget> = {}): Received {
  const received: Received = {
    kind: 'instance',
    refresh: false,
    choose: ({ snapshots }) => snapshots,
    async lend(use) {
      const tree = { rootfs: bench.at('target'), beside: nothing };
      await use(tree);
      received.beside = tree.beside;
    },
    async keep({ name }) {
      received.kept.push(name);
      execFileSync('cp', ['-a', bench.at('target'), bench.at(`kept-${name}`)]);
    },
    async finish(index) {
      received.index = index;
    },
    index: {},
    kept: [],
    beside: nothing,
    ...more,
  };
  return received;
}

export async function both(bench: Bench, source: MigrationSource, target: MigrationTarget): Promise<void> {
  const [ours, theirs] = connect();
  const { signal } = new AbortController();
  const results = await Promise.allSettled([
    bench.migration.send(ours, source, { signal }),
    bench.migration.receive(theirs, target, { signal }),
  ]);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

export const frames = (bench: Bench) => (existsSync(bench.at('scratch')) ? readdirSync(bench.at('scratch')) : []);
