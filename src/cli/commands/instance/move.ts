import type { InstancesPost } from '../../../api/resources/instances.ts';
import type { Client } from '../../../client/client.ts';
import { CliError, usageError } from '../../cli-error.ts';
import { defineCommand, flag, list, optional, required, text } from '../../command.ts';
import type { Context } from '../../context.ts';
import { readGuestWord } from '../../objects/between-servers.ts';
import { fetchInstance } from '../../objects/instances.ts';
import { parseDevices, parseKeyValues } from '../../objects/key-values.ts';
import { connect } from '../../objects/remote-image.ts';
import { bringInstance } from '../../objects/travelling-instance.ts';

export const move = defineCommand({
  name: 'move',
  aliases: ['mv'],
  group: 'guests',
  summary: 'Move a guest to another name, pool, project or server',
  details:
    'Virtual machines that run move to another pool and to another server as they run; all others are stopped for it first.',
  args: { instance: required('[remote:]instance', 'instance'), newName: optional('[remote:]new-name') },
  options: {
    storage: text('-s, --storage <pool>', 'pool to move it to', 'pool'),
    targetProject: text('--target-project <project>', 'project to move it to', 'project'),
    config: list('-c, --config <key=value>', 'config key that it is to have there (may be repeated)', 'config-key'),
    device: list('-d, --device <device,key=value>', 'key of a device that it is to have there (may be repeated)'),
    profile: list('-p, --profile <name>', 'profile that it is to have there (may be repeated)', 'profile'),
    noProfiles: flag('--no-profiles', 'without profiles there'),
    instanceOnly: flag('--instance-only', 'leave its snapshots behind: they are deleted'),
    stateless: flag('--stateless', 'without its memory: a guest that runs is not moved'),
    allowInconsistent: flag('--allow-inconsistent', 'accepted for scripts; a stopped guest changes nothing'),
    mode: text('--mode <mode>', 'between servers: pull (the default), push or relay', ['pull', 'push', 'relay']),
  },
  examples: [
    ['gast move web www', 'the same as rename'],
    ['gast move web -s fast', 'with its snapshots, to the pool fast'],
    ['gast move web --target-project customer', 'to another project'],
    ['gast move web otto:', 'to the server that is known as otto'],
  ],
  imageFirst: true,
  async run(context, { args, options }) {
    const profiles = options.noProfiles ? [] : options.profile.length > 0 ? options.profile : undefined;
    if (options.noProfiles && options.profile.length > 0)
      throw usageError('--no-profiles and --profile exclude each other', 'leave one out');
    const { image: instance, elsewhere: server } = readGuestWord(context, args.instance);
    if (server) {
      using source = await connect(context, server.name, server.remote);
      const changes = { config: parseKeyValues(options.config), devices: parseDevices(options.device), profiles };
      const { newName, ...rest } = { ...options, newName: args.newName ?? instance };
      context.print(`${await moveFrom(context, source, instance, newName, changes, rest)}\n`);
      return;
    }
    const elsewhere = options.storage !== undefined || options.targetProject !== undefined;
    const changed = options.config.length > 0 || options.device.length > 0 || profiles !== undefined;
    if (!elsewhere && args.newName === undefined)
      throw usageError('Where to?', 'gast move INSTANCE NEW-NAME, -s POOL or --target-project PROJECT');
    const migration = elsewhere || changed;
    const started = await context.client.start('POST /1.0/instances/{name}', {
      params: { name: instance },
      body: {
        name: args.newName ?? instance,
        ...(migration ? { migration } : {}),
        ...(options.storage === undefined ? {} : { pool: options.storage }),
        ...(options.targetProject === undefined ? {} : { project: options.targetProject }),
        ...(options.instanceOnly ? { instance_only: true } : {}),
        ...(options.config.length > 0 ? { Config: parseKeyValues(options.config) } : {}),
        ...(options.device.length > 0 ? { Devices: parseDevices(options.device) } : {}),
        ...(profiles ? { Profiles: profiles } : {}),
      },
    });
    await context.follow(context.texts('moving', { name: instance }), started);
  },
});

type Changes = { config: Record<string, string>; devices: InstancesPost['devices']; profiles: string[] | undefined };
type MoveOptions = {
  storage?: string | undefined;
  targetProject?: string | undefined;
  instanceOnly: boolean;
  stateless: boolean;
  mode?: string | undefined;
};

/** From another server: a copy that keeps what the guest is known by, and then there is one less over there. */
async function moveFrom(
  context: Context,
  source: Client,
  instance: string,
  name: string,
  changes: Changes,
  options: MoveOptions,
): Promise<string> {
  const { architecture, description, config, devices, profiles, ephemeral, type, status } = await fetchInstance(
    { ...context, client: source },
    instance,
  );
  const live = status === 'Running' && type === 'virtual-machine' && !options.stateless;
  if (status !== 'Stopped' && !live)
    throw new CliError(`The guest ${instance} runs`, { help: 'stop it before it moves' });
  const root = options.storage ? { root: { ...devices.root, type: 'disk', path: '/', pool: options.storage } } : {};
  const { 'volatile.last_state.power': _, ...kept } = config;
  const baseImage = config['volatile.base_image'];
  const created = await bringInstance(context, {
    source,
    instance,
    snapshot: undefined,
    mode: options.mode,
    live,
    request: { instance_only: options.instanceOnly },
    body: {
      name,
      architecture,
      description,
      ephemeral,
      type,
      config: { ...kept, ...changes.config },
      devices: { ...devices, ...root, ...changes.devices },
      profiles: changes.profiles ?? profiles,
      source: {
        ...(options.instanceOnly ? { instance_only: true } : {}),
        ...(baseImage === undefined ? {} : { 'base-image': baseImage }),
      },
    },
    project: options.targetProject,
  });
  // An ephemeral one that ran is gone with its end there.
  if (!(live && ephemeral)) await source.operation('DELETE /1.0/instances/{name}', { params: { name: instance } });
  return created;
}
