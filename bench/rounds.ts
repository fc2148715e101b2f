/** The measured rounds: each one runs the floor and Gasthof one after the other, so that both see the same machine. */
import type { InstanceFull } from '../src/api/resources/instances.ts';
import { gast, type TestDaemon } from '../test/daemon.ts';
import type { Floor } from './floor.ts';
import { runQuietly, type Samples, timed } from './sample.ts';

const params = (name: string) => ({ params: { name } });

export function actions(daemon: TestDaemon) {
  const { client } = daemon;
  const source = (alias: string) => ({ source: { type: 'image', alias } });
  const state = (name: string, action: string) =>
    client.operation('PUT /1.0/instances/{name}/state', { ...params(name), body: { action, force: true } });
  return {
    cli: (...args: string[]) => runQuietly(gast, args, { ...daemon.env, GASTHOF_SOURCE: '' }),
    launch: (name: string, alias = 'tiny') =>
      client.operation('POST /1.0/instances', { body: { name, ...source(alias), start: true } }),
    init: (name: string, alias = 'tiny') =>
      client.operation('POST /1.0/instances', { body: { name, ...source(alias) } }),
    copy: (name: string, from: string) =>
      client.operation('POST /1.0/instances', { body: { name, source: { type: 'copy', source: from } } }),
    snapshot: (name: string) => client.operation('POST /1.0/instances/{name}/snapshots', { ...params(name), body: {} }),
    stop: (name: string) => state(name, 'stop'),
    delete: (name: string) => client.operation('DELETE /1.0/instances/{name}', params(name)),
    /** Without websockets: the command's output is dropped by the server. */
    exec: (name: string, command: string[]) =>
      client.operation('POST /1.0/instances/{name}/exec', { ...params(name), body: { command } }),
    list: (recursion: string) => client.call('GET /1.0/instances', { query: { recursion } }) as Promise<InstanceFull[]>,
  };
}

export type Rounds = Record<
  'crunLaunch' | 'crunExec' | 'launchCli' | 'launchApi' | 'execCli' | 'execApi' | 'stopDelete' | 'copy' | 'snapshot',
  Samples
>;

/** Round 0 warms caches and is not counted. */
export async function lifeRounds(
  daemon: TestDaemon,
  floor: Floor,
  count: number,
  onRound: (round: number) => void,
): Promise<Rounds> {
  const act = actions(daemon);
  const samples: Rounds = {
    crunLaunch: [],
    crunExec: [],
    launchCli: [],
    launchApi: [],
    execCli: [],
    execApi: [],
    stopDelete: [],
    copy: [],
    snapshot: [],
  };
  for (let round = 0; round <= count; round++) {
    const add = async (what: keyof Rounds, work: () => Promise<unknown>) => {
      const ms = await timed(work);
      if (round > 0) samples[what].push(ms);
    };
    await add('crunLaunch', () => floor.launch('f'));
    await add('launchApi', () => act.launch('a'));
    await add('launchCli', () => act.cli('launch', 'tiny', 'b', '--quiet'));
    await add('crunExec', () => floor.exec('f'));
    await add('execApi', () => act.exec('a', ['true']));
    await add('execCli', () => act.cli('exec', 'a', '--', 'true'));
    await floor.delete('f');
    await add('stopDelete', async () => {
      await act.stop('a');
      await act.delete('a');
    });
    await act.stop('b');
    await add('copy', () => act.copy('c', 'b'));
    await add('snapshot', () => act.snapshot('b'));
    await act.delete('b');
    await act.delete('c');
    onRound(round);
  }
  return samples;
}
