/**
 * What is measured: a container manager behind the common REST API and a command line with the common words. Gasthof,
 * Incus and LXD are all driven by the same client, so that the client's own cost is the same for each.
 */
import type { Client } from '../src/client/client.ts';
import type { SubjectName } from './measures.ts';

export type Subject = {
  name: Exclude<SubjectName, 'crun'>;
  client: Client;
  /** One call of its command line tool, with the output thrown away. */
  cli(...words: string[]): Promise<void>;
  /** False: LXD before 5.11 makes an instance without starting it. */
  startsOnCreate: boolean;
  /** Process ids of the daemon, and of all that it runs outside guests (with the daemon). */
  daemon(): number;
  outside(): string[];
  /** Bytes that its storage takes on the disk. */
  diskBytes(): Promise<number>;
};

/** Payload cgroups of LXC are named after the instance alone, so that each subject needs names of its own. */
export const named = (subject: { name: string }, name: string) => `bench-${subject.name}-${name}`;

export function actions(subject: Subject) {
  const { client } = subject;
  const params = (name: string) => ({ params: { name: named(subject, name) } });
  // LXD 5.0 takes no profile at all where none is named.
  const create = (name: string, source: Record<string, string>, start = false) =>
    client.operation('POST /1.0/instances', {
      body: { name: named(subject, name), source, profiles: ['default'], ...(start ? { start } : {}) } as never,
    });
  const state = (name: string, action: 'start' | 'stop') =>
    client.operation('PUT /1.0/instances/{name}/state', {
      ...params(name),
      body: { action, force: action === 'stop' },
    });
  return {
    init: (name: string, alias: string) => create(name, { type: 'image', alias }),
    launch: async (name: string, alias: string) => {
      await create(name, { type: 'image', alias }, subject.startsOnCreate);
      if (!subject.startsOnCreate) await state(name, 'start');
    },
    copy: (name: string, from: string) => create(name, { type: 'copy', source: named(subject, from) }),
    snapshot: (name: string) =>
      client.operation('POST /1.0/instances/{name}/snapshots', { ...params(name), body: { name: 's0' } }),
    stop: (name: string) => state(name, 'stop'),
    delete: (name: string) => client.operation('DELETE /1.0/instances/{name}', params(name)),
    list: (recursion: '1' | '2') => client.call('GET /1.0/instances', { query: { recursion } }),
    /** Without websockets: the server throws the command's output away. Gives the exit code. */
    exec: async (name: string, command: string[]): Promise<unknown> =>
      (await client.operation('POST /1.0/instances/{name}/exec', { ...params(name), body: { command } })).metadata
        ?.return,
    execWithSockets: (name: string, command: string[]) => execWithSockets(client, params(name), command),
  };
}

/** As `gast exec` does it: control first, then the three streams; it ends with the streams and the operation. */
async function execWithSockets(client: Client, target: { params: { name: string } }, command: string[]) {
  const operation = await client.start('POST /1.0/instances/{name}/exec', {
    ...target,
    body: { command, 'wait-for-websocket': true },
  });
  const finished = client.finish(operation);
  finished.catch(() => {});
  const fds = operation.metadata?.fds as Record<string, string>;
  const connect = (stream: string) =>
    client.websocket(`/1.0/operations/${operation.id}/websocket?secret=${fds[stream]}`);
  using control = await connect('control');
  const sockets = await Promise.all(['0', '1', '2'].map(connect));
  sockets[0]?.sendText('');
  await finished;
  for (const socket of sockets) socket[Symbol.dispose]();
  void control;
}
