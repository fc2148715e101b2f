/** Routes of the state: reading it, starting, stopping, freezing; one instance or all of them. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { InstanceStatePut } from '../../api/resources/instances.ts';
import type { Routes } from '../../api/routes.ts';
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import { allInstances, findInstance, instanceUrl } from './find.ts';
import { startInstance } from './start.ts';
import { nextPhase } from './state.ts';
import { instanceState } from './state-view.ts';
import { stopWithMemory } from './stateful-stop.ts';
import { freezeInstance, stopInstance, unfreezeInstance } from './stop.ts';

type Own = Pick<
  Handlers<Routes>,
  | 'GET /1.0/instances/{name}/state'
  | 'PUT /1.0/instances/{name}/state'
  | 'PUT /1.0/instances'
  | 'GET /1.0/instances/{name}/processes'
>;

type Action = {
  description: string;
  /** Lifecycle event when it is done; stopping tells its own when the guest has ended. */
  event?: string;
  run(house: House, id: string, body: InstanceStatePut, task: Task): Promise<void>;
};

const stopOptions = (body: InstanceStatePut) => ({ force: body.force ?? false, timeoutSeconds: body.timeout });

const actions: Record<string, Action> = {
  start: {
    description: 'Starting instance',
    event: 'instance-started',
    run: (house, id, { stateful }, task) =>
      house.queue(id, () => startInstance(house, id, task, { stateless: stateful === false })),
  },
  stop: {
    description: 'Stopping instance',
    run: (house, id, body, task) =>
      body.stateful ? stopWithMemory(house, id, task) : stopInstance(house, id, stopOptions(body), task),
  },
  restart: {
    description: 'Restarting instance',
    event: 'instance-restarted',
    async run(house, id, body, task) {
      await stopInstance(house, id, { ...stopOptions(body), restarting: true }, task);
      await house.queue(id, () => startInstance(house, id, task));
    },
  },
  freeze: { description: 'Freezing instance', event: 'instance-paused', run: (house, id) => freezeInstance(house, id) },
  unfreeze: {
    description: 'Unfreezing instance',
    event: 'instance-resumed',
    run: (house, id) => unfreezeInstance(house, id),
  },
};

export function stateHandlers(house: House): Own {
  const perform = async (doc: InstanceDoc, action: Action, body: InstanceStatePut, task: Task) => {
    await action.run(house, doc.id, body, task);
    if (action.event)
      house.events.lifecycle(doc.project, {
        action: action.event,
        source: instanceUrl(doc),
        name: doc.name,
      });
  };
  const find = (body: InstanceStatePut) =>
    (Object.hasOwn(actions, body.action) ? actions[body.action] : undefined) ??
    fail('request.invalid', { reason: `"${body.action}" is not one of ${Object.keys(actions).join(', ')}` });
  return {
    'GET /1.0/instances/{name}/state': ({ params, project }) =>
      instanceState(house, findInstance(house, project, params.name)),
    'PUT /1.0/instances/{name}/state'({ params, body, project }) {
      const doc = findInstance(house, project, params.name);
      const action = find(body);
      if (body.stateful) checkStateful(doc, body.action);
      return house.operations.start(
        {
          description: action.description,
          project,
          resources: { instances: [instanceUrl(doc)] },
          mayCancel: body.action !== 'freeze',
        },
        (task) => perform(doc, action, body, task),
      );
    },
    'PUT /1.0/instances'({ body, project }) {
      const action = find(body.state);
      const event = body.state.action === 'restart' ? 'stop' : body.state.action;
      const docs = allInstances(house, project).filter((doc) => allows(doc, event));
      const resources = { instances: docs.map((doc) => instanceUrl(doc)) };
      return house.operations.start({ description: action.description, project, resources }, async (task) => {
        const results = await Promise.allSettled(docs.map((doc) => perform(doc, action, body.state, task)));
        const failures = results.flatMap((result, index) =>
          result.status === 'rejected' ? [`${docs[index]?.name}: ${(result.reason as Error).message}`] : [],
        );
        if (failures.length > 0) fail('request.invalid', { reason: failures.join('; ') });
      });
    },
    async 'GET /1.0/instances/{name}/processes'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      if (!house.runtime.get(doc.id)) return fail('instance.not-running', { name: doc.name });
      const processes = await house.engines[doc.type].processes(doc.id);
      return processes.map((process) => ({
        pid: process.pid,
        host_pid: process.hostPid,
        uid: process.uid,
        command: process.command,
        memory: process.memoryBytes,
      }));
    },
  };
}

/** Memory is kept by a stop and taken up by a start, of machines. */
function checkStateful(doc: InstanceDoc, action: string): void {
  if (doc.type === 'container') fail('snapshot.stateful', { what: `${action}s` });
  if (action !== 'start' && action !== 'stop')
    fail('request.invalid', { reason: `"stateful" means nothing for the action "${action}"` });
}

function allows(doc: InstanceDoc, event: string): boolean {
  try {
    nextPhase(doc.phase, event as 'start', doc.name);
    return true;
  } catch {
    return false;
  }
}
