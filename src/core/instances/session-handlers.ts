/** Routes of exec, console and logs. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { Routes } from '../../api/routes.ts';
import type { House } from '../house.ts';
import { checkConsole, runConsole } from './console.ts';
import { execChannels, execSpec, runExec } from './exec.ts';
import { findInstance, instanceUrl } from './find.ts';

type Own = Pick<
  Handlers<Routes>,
  | 'POST /1.0/instances/{name}/exec'
  | `${'POST' | 'GET' | 'DELETE'} /1.0/instances/{name}/console`
  | 'GET /1.0/instances/{name}/logs'
  | `${'GET' | 'DELETE'} /1.0/instances/{name}/logs/{file}`
>;

/** Log files that every guest has: name and how to get it. */
const logs: Record<string, (house: House, id: string) => Promise<string | Buffer>> = {
  'lxc.log': (house, id) => house.engine.log(id),
  'console.log': (house, id) => house.engine.consoleLog(id),
};

export function sessionHandlers(house: House): Own {
  return {
    'POST /1.0/instances/{name}/exec'({ params, body, project, identity }) {
      const doc = findInstance(house, project, params.name);
      const spec = execSpec(house, doc, body);
      if (body['record-output']) return fail('request.not-implemented');
      const channels = execChannels(body);
      const { command, environment } = spec;
      const metadata = { command, environment, interactive: spec.terminal !== undefined };
      house.events.lifecycle(project, {
        action: 'instance-exec',
        source: instanceUrl(doc),
        name: doc.name,
        requestor: identity,
        context: { command },
      });
      return house.operations.start(
        {
          description: 'Executing command',
          project,
          resources: { instances: [instanceUrl(doc)] },
          metadata,
          mayCancel: true,
          ...(channels ? { channels } : {}),
        },
        (task) => runExec(house, doc, spec, channels, task),
      );
    },
    'POST /1.0/instances/{name}/console'({ params, body, project, identity }) {
      const doc = findInstance(house, project, params.name);
      checkConsole(house, doc, body);
      house.events.lifecycle(project, {
        action: 'instance-console',
        source: instanceUrl(doc),
        name: doc.name,
        requestor: identity,
      });
      return house.operations.start(
        {
          description: 'Showing console',
          project,
          resources: { instances: [instanceUrl(doc)] },
          mayCancel: true,
          channels: ['0', 'control'],
        },
        (task) => runConsole(house, doc, body, task),
      );
    },
    async 'GET /1.0/instances/{name}/console'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      return { headers: { 'Content-Type': 'application/octet-stream' }, body: await house.engine.consoleLog(doc.id) };
    },
    async 'DELETE /1.0/instances/{name}/console'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      await house.engine.clearConsoleLog(doc.id);
      house.events.lifecycle(project, { action: 'instance-console-reset', source: instanceUrl(doc), name: doc.name });
      return {};
    },
    'GET /1.0/instances/{name}/logs'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      return Object.keys(logs).map((file) => instanceUrl(doc, `/logs/${file}`));
    },
    async 'GET /1.0/instances/{name}/logs/{file}'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      const read = Object.hasOwn(logs, params.file) ? logs[params.file] : undefined;
      return read
        ? { headers: { 'Content-Type': 'text/plain' }, body: await read(house, doc.id) }
        : fail('log.not-found');
    },
    async 'DELETE /1.0/instances/{name}/logs/{file}'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      if (params.file !== 'console.log')
        return fail('request.invalid', { reason: `the log file ${params.file} cannot be deleted` });
      await house.engine.clearConsoleLog(doc.id);
      return {};
    },
  };
}
