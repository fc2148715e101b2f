/** `gast import vm.conf`: read it, show the plan, ask, make what is not there yet, start what vmd would start. */
import { resolve } from 'node:path';
import type { InstanceFull } from '../../../api/resources/instances.ts';
import { CliError, usageError } from '../../cli-error.ts';
import type { Context } from '../../context.ts';
import { localServer, startable } from '../../own-daemon/local-client.ts';
import { confirm } from '../../terminal/confirm.ts';
import { createInstance } from '../created-instance.ts';
import { openUpload } from '../image-upload.ts';
import { fetchInstances } from '../instances.ts';
import { differencesOf, guestRequest } from './guest-request.ts';
import { lookAtFiles } from './look-at-files.ts';
import { parseVmConf } from './parse.ts';
import type { Plan, PlannedMachine } from './plan.ts';
import { readConf } from './read-files.ts';
import { showPlan } from './show-plan.ts';
import { translate } from './translate.ts';

export type ImportOptions = { plan: boolean; yes: boolean; noStart: boolean; storage: string | undefined };

export async function importVmConf(context: Context, path: string, options: ImportOptions): Promise<void> {
  const conf = await parseVmConf(path, readConf);
  const server = await surroundings(context);
  const plan = translate(conf, server);
  resolvePaths(plan);
  if (context.server.remote.protocol === 'unix') lookAtFiles(plan);
  if (isOfUser(context)) leaveOutOwners(plan);
  const there = new Map(
    plan.machines.flatMap((machine): [string, { differences: string[] }][] => {
      const found = server.instances.find(({ name }) => name === machine.name);
      return found ? [[machine.name, { differences: differencesOf(machine, found) }]] : [];
    }),
  );
  await showPlan(context, plan, there);
  if (plan.errors.length > 0)
    throw new CliError(`${path} has ${plan.errors.length === 1 ? 'a mistake' : `${plan.errors.length} mistakes`}`, {
      help: 'nothing was changed; mend what is named above',
    });
  const machines = plan.machines.filter(({ name }) => !there.has(name));
  const networks = plan.networks.filter((network) => !network.there);
  if (options.plan) return;
  if (machines.length === 0 && networks.length === 0) return context.say(context.texts('unchanged'));
  await agree(context, options, { networks: networks.length, machines: machines.length });
  for (const { name } of networks)
    await context.client.call('POST /1.0/networks', {
      body: { name, type: 'bridge', description: `switch of ${path}`, config: {} },
    });
  const pool = options.storage ?? server.pool ?? noPool();
  for (const machine of machines) await make(context, machine, pool);
  if (options.noStart) return;
  for (const { name, autostart } of machines) if (autostart) await start(context, name);
}

async function agree(
  context: Context,
  { yes }: ImportOptions,
  { networks, machines }: { networks: number; machines: number },
): Promise<void> {
  if (yes) return;
  if (!context.streams.stdin.isTTY)
    throw usageError('Nothing was changed: nobody is there to agree', '--yes, or --plan to look only');
  const counted = (count: number, thing: string) => `${count} ${thing}${count === 1 ? '' : 's'}`;
  const question = `Create ${counted(networks, 'network')} and ${counted(machines, 'guest')}?`;
  if (!(await confirm(context, question))) throw new CliError(context.texts('unchanged'));
}

const noPool = (): never => {
  throw new CliError('The profile default has no root disk, so that no pool is known', { help: '--storage POOL' });
};

async function surroundings(context: Context) {
  const [networks, profile, instances] = await Promise.all([
    context.client.call('GET /1.0/networks', { query: { recursion: '1' } }),
    context.client.call('GET /1.0/profiles/{name}', { params: { name: 'default' } }),
    fetchInstances(context, { live: false }),
  ]);
  const devices = Object.values(profile.devices);
  return {
    networks: (networks as { name: string; managed: boolean }[])
      .filter(({ managed }) => managed)
      .map(({ name }) => name),
    defaultNetwork: devices.find(({ type }) => type === 'nic')?.network,
    pool: devices.find(({ type, path }) => type === 'disk' && path === '/')?.pool,
    instances: instances as InstanceFull[],
  };
}

/** As vmd sees them: from the current directory. */
function resolvePaths({ machines }: Plan): void {
  for (const { disks, cdrom, kernel } of machines)
    for (const file of [...disks, cdrom, kernel]) if (file) file.path = resolve(file.path);
}

function isOfUser({ server, env }: Context): boolean {
  const uid = process.getuid?.() ?? 0;
  return server.remote.protocol === 'unix' && startable(localServer(env, uid), uid);
}

function leaveOutOwners(plan: Plan): void {
  for (const machine of plan.machines) {
    if (machine.owner === undefined) continue;
    const { file, line, owner } = machine;
    delete machine.owner;
    const why = 'this daemon serves the user who started it, and nobody else reaches it; use that of the system';
    plan.notes.push({ file, line, what: `owner ${owner}`, why });
  }
}

async function make(context: Context, machine: PlannedMachine, pool: string): Promise<void> {
  const request = guestRequest(machine, pool);
  const [root] = machine.disks;
  if (!root) {
    await createInstance(context, 'creating', { ...request, source: { type: 'none' } });
    return;
  }
  const image = await uploadDisk(context, root.path);
  try {
    await createInstance(context, 'creating', {
      ...request,
      source: { type: 'image', fingerprint: image.fingerprint },
    });
  } finally {
    // What the machine's disk stands on stays for as long as it does.
    if (image.isNew)
      await context.client.operation('DELETE /1.0/images/{fingerprint}', {
        params: { fingerprint: image.fingerprint },
      });
  }
}

/** A disk alone is an image; the server sees which format it has, and what starts it. */
async function uploadDisk(context: Context, path: string) {
  const label = context.texts('importing', { name: path });
  const before = new Set((await context.client.call('GET /1.0/images')) as string[]);
  const started = await (async () => {
    using task = context.task(label);
    const { body, contentType } = await openUpload(path, undefined, task);
    return context.client.start('POST /1.0/images', { upload: body, headers: { 'Content-Type': contentType } });
  })();
  const ended = await context.follow(label, started);
  const fingerprint = String(ended.metadata?.fingerprint ?? '');
  return { fingerprint, isNew: ![...before].some((url) => url.includes(fingerprint)) };
}

async function start(context: Context, name: string): Promise<void> {
  const body = { action: 'start', timeout: -1, force: false };
  const started = await context.client.start('PUT /1.0/instances/{name}/state', { params: { name }, body });
  await context.follow(context.texts('starting', { name }), started);
}
