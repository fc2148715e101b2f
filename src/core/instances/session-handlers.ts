/** Routes of exec, console and logs. */
import { fail } from '../../api/errors.ts';
import type { Handlers } from '../../api/handlers.ts';
import type { Routes } from '../../api/routes.ts';
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';
import { checkConsole, runConsole } from './console.ts';
import { execChannels, execSpec, runExec } from './exec.ts';
import { findInstance, instanceUrl } from './find.ts';
import { setPassword } from './password.ts';
import { pressKeys, takePicture } from './screen-calls.ts';
import { checkViewing, runViewing, screenProtocol } from './viewing.ts';

type Own = Pick<
  Handlers<Routes>,
  | 'POST /1.0/instances/{name}/exec'
  | `${'POST' | 'GET' | 'DELETE'} /1.0/instances/{name}/console`
  | 'POST /1.0/instances/{name}/console/keys'
  | 'POST /1.0/instances/{name}/password'
  | 'GET /1.0/instances/{name}/logs'
  | `${'GET' | 'DELETE'} /1.0/instances/{name}/logs/{file}`
  | 'GET /1.0/instances/{name}/logs/exec-output'
  | `${'GET' | 'DELETE'} /1.0/instances/{name}/logs/exec-output/{file}`
>;

/** Log files that every guest of a kind has, under the names that clients of Incus know: how to get each. */
type ReadLog = (house: House, doc: InstanceDoc) => Promise<string | Buffer>;
const engineLog: ReadLog = (house, { type, id }) => house.engines[type].log(id);
const consoleLog: ReadLog = (house, { type, id }) => house.engines[type].consoleLog(id);
const logs: Record<InstanceDoc['type'], Record<string, ReadLog>> = {
  container: { 'lxc.log': engineLog, 'console.log': consoleLog },
  'virtual-machine': { 'qemu.log': engineLog, 'console.log': consoleLog },
};

const recordUrl = (doc: InstanceDoc, name: string) => instanceUrl(doc, `/logs/exec-output/${encodeURIComponent(name)}`);

function recordNames(house: House): Record<'1' | '2', string> {
  const name = `exec_${house.clock.uuid()}`;
  return { '1': `${name}.stdout`, '2': `${name}.stderr` };
}

const attachment = (name: string) => ({
  'Content-Type': 'application/octet-stream',
  'Content-Disposition': `inline;filename=${encodeURIComponent(name)}`,
});

export function sessionHandlers(house: House): Own {
  return {
    'POST /1.0/instances/{name}/exec'({ params, body, project }) {
      const doc = findInstance(house, project, params.name);
      const spec = execSpec(house, doc, body);
      const channels = execChannels(body);
      const { command, environment } = spec;
      const record = body['record-output'] && !channels && !spec.terminal ? recordNames(house) : undefined;
      const output =
        record && Object.fromEntries(Object.entries(record).map(([fd, name]) => [fd, recordUrl(doc, name)]));
      const metadata = { command, environment, interactive: spec.terminal !== undefined };
      house.events.lifecycle(project, {
        action: 'instance-exec',
        source: instanceUrl(doc),
        name: doc.name,
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
        async (task) => {
          if (!record) return runExec(house, doc, spec, channels, task);
          const outputs = {
            '1': await house.execRecords.open(doc.id, record['1']),
            '2': await house.execRecords.open(doc.id, record['2']),
          };
          task.setMetadata({ output });
          await runExec(house, doc, spec, undefined, task, outputs);
        },
      );
    },
    async 'POST /1.0/instances/{name}/console'({ params, body, project }) {
      const doc = findInstance(house, project, params.name);
      const protocol = screenProtocol(body.type);
      if (protocol) await checkViewing(house, doc, protocol, body.force ?? false);
      else checkConsole(house, doc, body);
      house.events.lifecycle(project, {
        action: 'instance-console',
        source: instanceUrl(doc),
        name: doc.name,
        context: { type: body.type || 'console' },
      });
      return house.operations.start(
        {
          description: 'Showing console',
          project,
          resources: { instances: [instanceUrl(doc)] },
          mayCancel: true,
          channels: ['0', 'control'],
        },
        (task) => (protocol ? runViewing(house, doc, protocol, task) : runConsole(house, doc, body, task)),
      );
    },
    async 'POST /1.0/instances/{name}/password'({ params, body, project }) {
      await setPassword(house, findInstance(house, project, params.name), body);
      return {};
    },
    async 'POST /1.0/instances/{name}/console/keys'({ params, body, project }) {
      await pressKeys(house, findInstance(house, project, params.name), body.keys);
      return {};
    },
    async 'GET /1.0/instances/{name}/console'({ params, query, project }) {
      const doc = findInstance(house, project, params.name);
      if (query.type === 'vga') return takePicture(house, doc);
      if (query.type && query.type !== 'log')
        fail('request.invalid', { reason: `Invalid value for type parameter: ${query.type}` });
      return { headers: attachment(''), body: await house.engines[doc.type].consoleLog(doc.id) };
    },
    async 'DELETE /1.0/instances/{name}/console'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      await house.engines[doc.type].clearConsoleLog(doc.id);
      house.events.lifecycle(project, { action: 'instance-console-reset', source: instanceUrl(doc), name: doc.name });
      return {};
    },
    'GET /1.0/instances/{name}/logs'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      return Object.keys(logs[doc.type]).map((file) => instanceUrl(doc, `/logs/${file}`));
    },
    async 'GET /1.0/instances/{name}/logs/exec-output'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      return (await house.execRecords.list(doc.id)).map((name) => recordUrl(doc, name));
    },
    async 'GET /1.0/instances/{name}/logs/exec-output/{file}'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      const body = (await house.execRecords.read(doc.id, params.file)) ?? fail('log.not-found');
      return { headers: attachment(params.file), body };
    },
    async 'DELETE /1.0/instances/{name}/logs/exec-output/{file}'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      if (!(await house.execRecords.remove(doc.id, params.file))) fail('log.not-found');
      const source = recordUrl(doc, params.file);
      house.events.lifecycle(project, { action: 'instance-log-deleted', source, name: doc.name });
      return {};
    },
    async 'GET /1.0/instances/{name}/logs/{file}'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      const known = logs[doc.type];
      const read = Object.hasOwn(known, params.file) ? known[params.file] : undefined;
      return read ? { headers: attachment(params.file), body: await read(house, doc) } : fail('log.not-found');
    },
    async 'DELETE /1.0/instances/{name}/logs/{file}'({ params, project }) {
      const doc = findInstance(house, project, params.name);
      if (params.file !== 'console.log')
        return fail('request.invalid', { reason: `the log file ${params.file} cannot be deleted` });
      await house.engines[doc.type].clearConsoleLog(doc.id);
      return {};
    },
  };
}
