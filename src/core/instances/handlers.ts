/** Instance routes that read, create, change and delete. State, snapshots, exec and files are in files of their own. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { InstancePut } from '../../api/resources/instances.ts';
import type { Routes } from '../../api/routes.ts';
import { instanceNameError } from '../../lib/names.ts';
import { startImport } from '../backups/import.ts';
import type { House } from '../house.ts';
import { listing, pageOf, readFilter, recursionOf, wantsAllProjects } from '../listing.ts';
import { startArrival } from '../migration/arrival.ts';
import { startSending } from '../migration/send-instance.ts';
import type { InstanceDoc } from '../model.ts';
import { checkHostName } from '../networks/host-names.ts';
import { changeInstance } from './change.ts';
import { patchedConfig, plainConfig } from './config.ts';
import { createInstance } from './create.ts';
import { deleteInstance } from './delete.ts';
import { checkAvailable, plainDevices } from './devices.ts';
import { draftInstance } from './draft.ts';
import { allInstances, findInstance, findSnapshot, instanceById, instanceUrl, lookUpInstance } from './find.ts';
import { createFullList } from './full-list.ts';
import { checkNewModel } from './machine-model.ts';
import { owns } from './owners.ts';
import { rebuildInstance } from './rebuild.ts';
import { copyResources, isLocalMove, startMove, startRefresh, tellCreated, wantedRefresh } from './relocation.ts';
import { restoreSnapshot } from './restore.ts';
import { runs } from './runs.ts';
import { startInstance } from './start.ts';
import { instanceState } from './state-view.ts';
import { stopInstance } from './stop.ts';
import { type InstanceChange, updateInstance } from './update.ts';
import { instanceFullView, instanceView } from './view.ts';

type Own = Pick<
  Handlers<Routes>,
  | 'GET /1.0/instances'
  | 'POST /1.0/instances'
  | `${'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE'} /1.0/instances/{name}`
  | 'POST /1.0/instances/{name}/rebuild'
>;

export function instanceHandlers(house: House): Own {
  const fullList = createFullList(house);
  const resources = (doc: Pick<InstanceDoc, 'name' | 'project'>) => ({ instances: [instanceUrl(doc)] });
  return {
    async 'GET /1.0/instances'({ query, project, identity: { local } }) {
      const docs = allInstances(house, wantsAllProjects(query) ? undefined : project).filter(
        (doc) => doc.phase !== 'creating' && (!local || owns(house, local, doc)),
      );
      if (recursionOf(query) < 2)
        return listing(
          docs.map((doc) => ({ url: instanceUrl(doc), object: () => instanceView(house, doc) })),
          query,
        );
      const filter = readFilter(query.filter);
      const page = pageOf(query);
      if (!filter) return fullList(page(docs));
      const full = await Promise.all(
        docs.map(async (doc) => instanceFullView(house, doc, await instanceState(house, doc, { recent: true }))),
      );
      return [...page(full.filter(filter))];
    },
    async 'POST /1.0/instances'({ body, project, stream, headers, signal }) {
      if (stream) return startImport(house, stream, { headers, project, signal });
      if (!body) return fail('request.not-implemented');
      if (body.source?.type === 'migration') return startArrival(house, project, body);
      const refreshed = wantedRefresh(house, project, body);
      if (refreshed) return startRefresh(house, refreshed, body);
      const { draft, source } = draftInstance(house, project, body);
      // A copy has what its original has.
      if (source.kind !== 'volume') checkAvailable(house, draft.devices);
      await checkNewModel(house, draft, source);
      return house.operations.start(
        { description: 'Creating instance', project, resources: copyResources(draft, body), mayCancel: true },
        async (task) => {
          const doc = await createInstance(house, draft, source, task);
          tellCreated(house, doc);
          if (!body.start) return;
          await house.queue(doc.id, () => startInstance(house, doc.id, task));
          house.events.lifecycle(project, {
            action: 'instance-started',
            source: instanceUrl(doc),
            name: doc.name,
          });
        },
      );
    },
    async 'GET /1.0/instances/{name}'({ params, query, project }) {
      const doc = findInstance(house, project, params.name);
      if (recursionOf(query) < 1) return instanceView(house, doc);
      return instanceFullView(house, doc, await instanceState(house, doc));
    },
    'PUT /1.0/instances/{name}'({ params, body, project, checkMatch }) {
      const doc = findInstance(house, project, params.name);
      checkMatch(instanceView(house, doc));
      if (body.restore) return startRestore(house, doc, body.restore, body.stateful ?? false);
      const change: InstanceChange = {
        description: '',
        ephemeral: false,
        config: {},
        devices: {},
        profiles: [],
        ...readChange(body),
      };
      return house.operations.start({ description: 'Updating instance', project, resources: resources(doc) }, (task) =>
        house.queue(doc.id, async () => {
          checkMatch(instanceView(house, instanceById(house, doc.id)));
          const { screen } = await updateInstance(house, doc.id, change);
          if (screen) task.setMetadata({ screen });
        }),
      );
    },
    async 'PATCH /1.0/instances/{name}'({ params, body, project, checkMatch }) {
      const { id } = findInstance(house, project, params.name);
      await house.queue(id, async () => {
        const doc = instanceById(house, id);
        checkMatch(instanceView(house, doc));
        const change = readChange(body);
        if (body.config) change.config = patchedConfig(doc.config, body.config);
        if (change.devices) change.devices = { ...doc.devices, ...change.devices };
        await updateInstance(house, id, change);
      });
      return {};
    },
    'POST /1.0/instances/{name}'({ params, body, project }) {
      const doc = findInstance(house, project, params.name);
      if (isLocalMove(doc, body)) return startMove(house, doc, body);
      if (body.migration) return startSending(house, doc, body);
      const name = body.name ?? '';
      const reason = instanceNameError(name);
      if (reason) return fail('instance.name', { reason });
      return house.operations.start(
        { description: 'Renaming instance', project, resources: resources(doc) },
        async () => {
          await house.queue(doc.id, () => house.queue('allocate', () => rename(house, doc.id, name)));
          house.events.lifecycle(project, {
            action: 'instance-renamed',
            source: instanceUrl({ name, project }),
            name,
            context: { old_name: doc.name },
          });
        },
      );
    },
    'DELETE /1.0/instances/{name}'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      if (runs(house, doc.id)) return fail('instance.running', { name: doc.name });
      return house.operations.start({ description: 'Deleting instance', project, resources: resources(doc) }, (task) =>
        house.queue(doc.id, () => deleteInstance(house, doc.id, task)),
      );
    },
    'POST /1.0/instances/{name}/rebuild'({ params, body, project }) {
      const doc = findInstance(house, project, params.name);
      return house.operations.start(
        { description: 'Rebuilding instance', project, resources: resources(doc), mayCancel: true },
        (task) => house.queue(doc.id, () => rebuildInstance(house, doc.id, body.source, task)),
      );
    },
  };
}

/** The parts of an instance that a body names. */
function readChange(body: InstancePut): InstanceChange {
  return {
    ...(body.description === undefined ? {} : { description: body.description }),
    ...(body.ephemeral === undefined ? {} : { ephemeral: body.ephemeral }),
    ...(body.config ? { config: plainConfig(body.config) } : {}),
    ...(body.devices ? { devices: plainDevices(body.devices) } : {}),
    ...(body.profiles ? { profiles: body.profiles } : {}),
  };
}

function startRestore(house: House, doc: InstanceDoc, restore: string, withMemory: boolean) {
  const name = restore.split('/').at(-1) ?? '';
  if (withMemory && !findSnapshot(house, doc, name).stateful) fail('snapshot.no-memory', { name });
  return house.operations.start(
    { description: 'Restoring snapshot', project: doc.project, resources: { instances: [instanceUrl(doc)] } },
    async (task) => {
      findSnapshot(house, doc, name);
      // A guest that runs is stopped for it and started again, as users of Incus expect.
      const ran = runs(house, doc.id);
      if (ran) await stopInstance(house, doc.id, { force: true, timeoutSeconds: undefined }, task);
      await house.queue(doc.id, () => restoreSnapshot(house, doc.id, name, task, { withMemory }));
      if (!ran && !withMemory) return;
      await house.queue(doc.id, () => startInstance(house, doc.id, task));
      house.events.lifecycle(doc.project, { action: 'instance-started', source: instanceUrl(doc), name: doc.name });
    },
  );
}

async function rename(house: House, id: string, name: string): Promise<void> {
  const doc = instanceById(house, id);
  if (doc.phase !== 'stopped') fail('instance.running', { name: doc.name });
  if (lookUpInstance(house, doc.project, name)) fail('instance.exists', { name });
  checkHostName(house, { ...doc, name });
  await changeInstance(house, id, { name });
}
