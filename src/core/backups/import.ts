/** Making an instance of a backup that a client sends: all of it, with its snapshots, or nothing. */
import { fail } from '../../api/errors.ts';
import type { Call } from '../../api/handlers.ts';
import type { Operation } from '../../api/resources/operations.ts';
import type { Routes } from '../../api/routes.ts';
import type { House } from '../house.ts';
import { keepBeside } from '../instances/beside-metadata.ts';
import { applyEvent } from '../instances/change.ts';
import { devicesInPool, openedPool } from '../instances/copy-volume.ts';
import { type Draft, forgetReserved, reserve } from '../instances/create.ts';
import { rootPool } from '../instances/devices.ts';
import { draftInstance } from '../instances/draft.ts';
import { expand, knownProfiles } from '../instances/expand.ts';
import { allInstances, instanceUrl, lookUpInstance } from '../instances/find.ts';
import { tellCreated } from '../instances/relocation.ts';
import { rootsOf } from '../instances/roots.ts';
import { type InstanceDoc, keys, type PoolDoc, type ProfileDoc, type SnapshotDoc } from '../model.ts';
import { performSteps } from '../operations/perform.ts';
import type { Task } from '../operations/registry.ts';
import type { Step } from '../operations/steps.ts';
import type { BesideTree, ReceivedBackup } from '../ports/backups.ts';
import { projectFor } from '../projects/features.ts';
import { type ImportedInstance, readImported } from './imported-index.ts';
import { unpackMachine } from './machine-states.ts';
import { refuseBackup } from './refusal.ts';

type Upload = Pick<Call<'POST /1.0/instances', Routes['POST /1.0/instances']>, 'headers' | 'project' | 'signal'>;

type Context = {
  house: House;
  doc: InstanceDoc;
  backup: ReceivedBackup;
  imported: ImportedInstance;
  snapshots: SnapshotDoc[];
  beside: Map<string, BesideTree>;
};

const nothing: BesideTree = { templates: {} };

const importSteps: readonly Step<Context>[] = [
  {
    name: 'unpack the backup',
    do: unpack,
    undo: ({ house, doc }) => rootsOf(house, doc).remove(doc.id),
  },
  {
    name: 'enter the instance',
    async do({ house, doc, imported, snapshots, beside }) {
      for (const snapshot of snapshots)
        Object.assign(snapshot.state, await keepBeside(house, beside.get(`snapshots/${snapshot.name}`) ?? nothing));
      await house.documents.commit(snapshots.map((value) => ({ put: keys.snapshot(doc.id, value.id), value })));
      const { 'volatile.apply_template': _, ...config } = doc.config;
      const trigger = imported.config['volatile.apply_template'];
      await applyEvent(house, doc.id, 'created', {
        config: trigger ? { ...config, 'volatile.apply_template': trigger } : config,
        ...(await keepBeside(house, beside.get('container') ?? nothing)),
        createdAt: imported.createdAt,
        lastUsedAt: imported.lastUsedAt,
      });
    },
  },
];

/** Takes the bytes while the request is open; what its index says is checked before the operation starts. */
export async function startImport(house: House, stream: NodeJS.ReadableStream, upload: Upload): Promise<Operation> {
  const { project, signal } = upload;
  const backup = await house.backups.receive(stream, { signal }).catch(refuseBackup);
  try {
    const imported = readImported(backup.index);
    const draft = draftImported(house, imported, upload);
    return house.operations.start(
      { description: 'Restoring backup', project, resources: { instances: [instanceUrl(draft)] }, mayCancel: true },
      async (task) => {
        await using _upload = backup;
        const doc = await importInstance(house, draft, imported, backup, task);
        tellCreated(house, doc);
      },
    );
  } catch (error) {
    await backup[Symbol.asyncDispose]();
    throw error;
  }
}

function header({ headers }: Upload, name: string): string {
  const value = headers[`x-incus-${name}`] ?? headers[`x-lxd-${name}`] ?? '';
  return Array.isArray(value) ? (value[0] ?? '') : value;
}

/** The instance as it will be, checked as any new one. */
function draftImported(house: House, imported: ImportedInstance, upload: Upload): Draft {
  const { project } = upload;
  const [missing] = imported.profiles.filter((name) => !knownProfiles(house, project, [name]).includes(name));
  if (missing !== undefined) fail('backup.profile', { name: missing, project });
  const config = { ...imported.config, ...Object.fromEntries(new URLSearchParams(header(upload, 'config'))) };
  const overridden = [...new URLSearchParams(header(upload, 'devices'))].map(([name, keys]) => [
    name,
    { ...imported.devices[name], ...Object.fromEntries(new URLSearchParams(keys)) },
  ]);
  const state = { ...imported, config, devices: { ...imported.devices, ...Object.fromEntries(overridden) } };
  const pool = wantedPool(house, project, imported.pool, header(upload, 'pool'));
  const { draft } = draftInstance(house, project, {
    name: header(upload, 'name') || imported.name,
    type: imported.type,
    architecture: imported.architecture,
    description: imported.description,
    ephemeral: imported.ephemeral,
    profiles: imported.profiles,
    config,
    devices: devicesInPool(house, project, state, pool),
    source: { type: 'none' },
  });
  return { ...draft, config: { ...ownIdentity(house, imported.config), ...draft.config } };
}

/** It keeps what it is known by, unless somebody here is known by it already. */
function ownIdentity(house: House, config: Record<string, string>): Record<string, string> {
  const kept = Object.entries(config).filter(([key]) => key.startsWith('volatile.'));
  const taken = allInstances(house).some((doc) => doc.config['volatile.uuid'] === config['volatile.uuid']);
  return Object.fromEntries(kept.filter(([key]) => !taken || !/^volatile\.(uuid|cloud-init)/.test(key)));
}

function wantedPool(house: House, project: string, own: string, said: string): string {
  if (said) return house.documents.get<PoolDoc>(keys.pool(said)) ? said : fail('pool.not-found', { name: said });
  if (house.documents.get<PoolDoc>(keys.pool(own))) return own;
  const owner = projectFor(house, 'profiles', project);
  const profile = house.documents.get<ProfileDoc>(keys.profile(owner, 'default'));
  return rootPool(house, profile?.devices ?? {});
}

async function importInstance(
  house: House,
  draft: Draft,
  imported: ImportedInstance,
  backup: ReceivedBackup,
  task: Task,
): Promise<InstanceDoc> {
  if (lookUpInstance(house, draft.project, draft.name)) fail('backup.target-exists');
  const pool = rootPool(house, expand(house, draft).devices);
  openedPool(house, pool);
  const doc = await reserve(house, draft, { kind: 'arriving' }, pool, task.id);
  const context: Context = { house, doc, backup, imported, snapshots: [], beside: new Map() };
  try {
    await performSteps(house, task, importSteps, context);
    return house.documents.get<InstanceDoc>(keys.instance(doc.id)) ?? doc;
  } catch (error) {
    await forgetReserved(house, doc.id);
    throw error;
  }
}

async function unpack(context: Context, signal: AbortSignal): Promise<void> {
  const { doc, imported } = context;
  const unpackStates = doc.type === 'virtual-machine' ? unpackDisks : unpackTrees;
  context.beside = await unpackStates(context, signal).catch(refuseBackup);
  const lost = imported.snapshots.find(({ name }) => !context.snapshots.some((made) => made.name === name));
  if (lost) fail('backup.invalid', { reason: `the files of the snapshot ${lost.name} are not in it` });
}

async function unpackTrees(context: Context, signal: AbortSignal): Promise<Map<string, BesideTree>> {
  const { house, doc, backup, imported } = context;
  const { volumes } = openedPool(house, doc.pool);
  let whole = false;
  const beside = await backup.unpack(
    'rootfs',
    async (state, fill) => {
      const snapshot = imported.snapshots.find(({ name }) => state === `snapshots/${name}`);
      if (snapshot) {
        const made = snapshotDoc(context, snapshot);
        await volumes.create({ id: doc.id, snapshot: made.id }, fill, { signal });
        context.snapshots.push(made);
      } else if (state === 'container') {
        await volumes.create({ id: doc.id }, fill, { signal });
        whole = true;
      }
    },
    { signal },
  );
  if (!whole) fail('backup.invalid', { reason: 'it has no root file system (backup/container/rootfs)' });
  return beside;
}

function unpackDisks(context: Context, signal: AbortSignal): Promise<Map<string, BesideTree>> {
  const { house, doc, backup, imported } = context;
  const wanted = (name: string): string | undefined => {
    const snapshot = imported.snapshots.find((one) => one.name === name);
    if (!snapshot) return undefined;
    const made = snapshotDoc(context, snapshot);
    context.snapshots.push(made);
    return made.id;
  };
  return unpackMachine(house, doc, backup, wanted, { signal });
}

function snapshotDoc({ house, doc }: Context, imported: ImportedInstance['snapshots'][number]): SnapshotDoc {
  const { name, createdAt, expiresAt, description, ...state } = imported;
  return {
    id: house.clock.randomHex(6),
    instance: doc.id,
    name,
    description,
    createdAt,
    expiresAt,
    state: { ...state, devices: devicesInPool(house, doc.project, state, doc.pool) },
  };
}
