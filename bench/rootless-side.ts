/**
 * One side of bench/rootless.ts: a daemon of whoever runs this, which does the step that each line of standard input names
 * and answers with the milliseconds it took.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { gast, importImage, startDaemon } from '../test/daemon.ts';
import { runQuietly, timed } from './sample.ts';
import { actions, named, type Subject } from './subject.ts';

await using daemon = await startDaemon({ env: { GASTHOF_SOURCE: '' } });
await importImage(daemon, 'busybox', 'tiny');
await importImage(daemon, 'debian12', 'debian');

const subject: Subject = {
  name: 'gasthof',
  client: daemon.client,
  cli: (...args) => runQuietly(gast, args, { env: { ...daemon.env, GASTHOF_SOURCE: '' } }),
  startsOnCreate: true,
  daemon: () => daemon.pid,
  outside: () => [],
  diskBytes: async () => 0,
};
const act = actions(subject);

let booted = false;
async function boot(): Promise<void> {
  booted = true;
  await act.launch('s', 'debian');
  while ((await act.exec('s', ['systemctl', 'is-system-running'])) !== 0) await setTimeout(5);
}

const steps: Record<string, () => Promise<unknown>> = {
  launchApi: () => act.launch('a', 'tiny'),
  launchCli: () => subject.cli('launch', 'tiny', named(subject, 'b'), '--quiet'),
  execApi: () => act.exec('a', ['true']),
  execCli: () => subject.cli('exec', named(subject, 'a'), '--', 'true'),
  snapshotApi: () => act.snapshot('a'),
  copyApi: () => act.copy('c', 'a'),
  stopApi: () => act.stop('a'),
  deleteApi: () => act.delete('a'),
  systemd: boot,
  clear: async () => {
    await act.stop('b');
    if (booted) await act.stop('s');
    for (const name of ['b', 'c', ...(booted ? ['s'] : [])]) await act.delete(name);
    booted = false;
  },
};

/** Milliseconds of CPU time that the daemon itself has used, without what it started. */
function cpuMs(): number {
  const fields = readFileSync(`/proc/${daemon.pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

let usedBefore = cpuMs();
function usedSince(): number {
  const used = cpuMs() - usedBefore;
  usedBefore += used;
  return used;
}

const say = (text: string) => void process.stdout.write(`${text}\n`);
say('ready');
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'cpu') {
    say(String(usedSince()));
    continue;
  }
  const step = steps[line];
  if (!step) throw new Error(`there is no step "${line}"`);
  say(String(await timed(step)));
}
