/** Running a command inside: the operation's websockets on one side, the engine's session on the other. */
import { pipeline } from 'node:stream/promises';
import { execEnvironment } from '../../api/config-keys/instance.ts';
import { fail } from '../../api/errors.ts';
import type { Channel } from '../../api/handlers.ts';
import type { InstanceExecPost } from '../../api/resources/instances.ts';
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';
import type { Task } from '../operations/registry.ts';
import type { ExecSession, ExecSpec } from '../ports/engine.ts';
import { configEnvironment } from './config.ts';
import { expand } from './expand.ts';
import { pumpIn, pumpOut } from './pump.ts';

type Needs = Pick<House, 'engines' | 'documents' | 'runtime'>;
/** Where standard output and error go when nobody listens. */
export type ExecOutputs = Record<'1' | '2', NodeJS.WritableStream>;

/** As shells say it; the engine answers alike. */
const shellCodes = { notExecutable: 126, notFound: 127 };

export function execSpec(house: Needs, doc: InstanceDoc, body: InstanceExecPost): ExecSpec {
  if (!house.runtime.get(doc.id)) fail('instance.not-running', { name: doc.name });
  if (doc.phase === 'frozen') fail('instance.frozen', { name: doc.name });
  if (body.command.length === 0 || body.command[0] === '') fail('exec.command', { reason: 'it is empty' });
  if (body.command.some((word) => word.includes('\0')))
    fail('exec.command', { reason: 'it has a NUL character in it' });
  for (const [name, value] of Object.entries(body.environment ?? {}))
    if (name === '' || /[=\0]/.test(name) || value.includes('\0'))
      fail('exec.command', { reason: `the environment variable ${JSON.stringify(name)} cannot be set` });
  const cwd = body.cwd || (body.user ? '/' : '/root');
  if (!cwd.startsWith('/') || cwd.includes('\0') || cwd.split('/').includes('..'))
    fail('exec.cwd', { cwd, reason: 'it has to be an absolute path without ".." and NUL' });
  const user = body.user ?? 0;
  const own = user === 0 ? { HOME: '/root', USER: 'root' } : {};
  const environment = {
    ...execEnvironment,
    ...own,
    ...configEnvironment(expand(house, doc).config),
    ...body.environment,
  };
  const terminal = body.interactive ? { terminal: { width: body.width || 80, height: body.height || 24 } } : {};
  return { command: body.command, environment, cwd, user, group: body.group ?? 0, ...terminal };
}

/** Names of the websockets that such an exec has. */
export const execChannels = (body: InstanceExecPost): string[] | undefined =>
  body['wait-for-websocket'] ? (body.interactive ? ['0', 'control'] : ['0', '1', '2', 'control']) : undefined;

/** Runs the command to its end; its exit code becomes `metadata.return`. A client that goes away ends the command. */
export async function runExec(
  house: Needs,
  doc: InstanceDoc,
  spec: ExecSpec,
  channels: string[] | undefined,
  task: Task,
  records?: ExecOutputs,
): Promise<void> {
  const open = new Map<string, Channel>();
  // Some clients (pylxd) never connect to the control socket: the command does not wait for it.
  for (const name of channels ?? []) if (name !== 'control') open.set(name, await task.channel(name));
  const session = await house.engines[doc.type].exec(doc.id, spec);
  const stop = () => session.kill();
  task.signal.addEventListener('abort', stop, { once: true });
  try {
    if (channels)
      task.channel('control').then(
        (control) => {
          open.set('control', control);
          control.onMessage((data) => obey(session, data));
          control.onClose(stop);
        },
        () => {},
      );
    const outputs = connect(session, open, records);
    endWithoutListener(open, outputs, stop);
    await outputs;
    const code = await session.exitCode;
    task.setMetadata({ return: code });
    if (code === shellCodes.notFound) fail('exec.not-found');
    if (code === shellCodes.notExecutable) fail('exec.not-executable');
    task.signal.throwIfAborted();
  } finally {
    task.signal.removeEventListener('abort', stop);
    for (const channel of open.values()) channel.close();
  }
}

/** Clients without a control socket (pylxd): when nobody reads the output any more, the command ends. */
function endWithoutListener(open: ReadonlyMap<string, Channel>, outputs: Promise<void>, stop: () => void): void {
  const readers = [...open].filter(([name]) => (open.has('1') ? name === '1' || name === '2' : name === '0'));
  let left = readers.length;
  let over = false;
  const done = () => {
    over = true;
  };
  outputs.then(done, done);
  for (const [, channel] of readers)
    channel.onClose(() => {
      left -= 1;
      if (left === 0 && !over) stop();
    });
}

async function connect(
  session: ExecSession,
  open: ReadonlyMap<string, Channel>,
  records: ExecOutputs | undefined,
): Promise<void> {
  const input = open.get('0');
  if (input) pumpIn(input, session.stdin);
  else session.stdin.end();
  const outputs: Promise<void>[] = [];
  // A terminal has one socket for both directions.
  outputs.push(output(session.stdout, open.get('1') ?? (session.stderr ? undefined : input), records?.['1']));
  if (session.stderr) outputs.push(output(session.stderr, open.get('2'), records?.['2']));
  await Promise.all(outputs);
}

const output = (
  from: NodeJS.ReadableStream,
  channel: Channel | undefined,
  record: NodeJS.WritableStream | undefined,
) => (record ? pipeline(from, record) : pumpOut(from, channel));

/** Control messages: `{"command":"window-resize","args":{"width":"80","height":"24"}}`, `{"command":"signal","signal":15}`. */
function obey(session: Pick<ExecSession, 'resize' | 'signal'>, data: Uint8Array): void {
  let message: { command?: unknown; args?: { width?: unknown; height?: unknown } | null; signal?: unknown };
  try {
    message = JSON.parse(Buffer.from(data).toString('utf8'));
  } catch {
    return;
  }
  if (message?.command === 'window-resize') {
    const [width, height] = [Number(message.args?.width), Number(message.args?.height)];
    if (isSize(width) && isSize(height)) session.resize(width, height);
  }
  const signal = Number(message?.signal);
  if (message?.command === 'signal' && Number.isInteger(signal) && signal >= 1 && signal <= 64) session.signal(signal);
}

export const isSize = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 10_000;
