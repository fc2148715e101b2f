import { usageError } from '../../cli-error.ts';
import { defineCommand, flag, list, optional, required, text } from '../../command.ts';
import { parseDevices, parseKeyValues } from '../../objects/key-values.ts';

export const move = defineCommand({
  name: 'move',
  aliases: ['mv'],
  group: 'guests',
  summary: 'Move a stopped guest to another name, pool or project',
  args: { instance: required('instance', 'instance'), newName: optional('new-name') },
  options: {
    storage: text('-s, --storage <pool>', 'pool to move it to', 'pool'),
    targetProject: text('--target-project <project>', 'project to move it to', 'project'),
    config: list('-c, --config <key=value>', 'config key that it is to have there (may be repeated)', 'config-key'),
    device: list('-d, --device <device,key=value>', 'key of a device that it is to have there (may be repeated)'),
    profile: list('-p, --profile <name>', 'profile that it is to have there (may be repeated)', 'profile'),
    noProfiles: flag('--no-profiles', 'without profiles there'),
    instanceOnly: flag('--instance-only', 'leave its snapshots behind: they are deleted'),
    stateless: flag('--stateless', 'accepted for scripts; memory is never moved'),
    allowInconsistent: flag('--allow-inconsistent', 'accepted for scripts; a stopped guest changes nothing'),
  },
  examples: [
    ['gast move web www', 'the same as rename'],
    ['gast move web -s fast', 'with its snapshots, to the pool fast'],
    ['gast move web --target-project customer', 'to another project'],
  ],
  async run(context, { args, options }) {
    const profiles = options.noProfiles ? [] : options.profile.length > 0 ? options.profile : undefined;
    if (options.noProfiles && options.profile.length > 0)
      throw usageError('--no-profiles and --profile exclude each other', 'leave one out');
    const elsewhere = options.storage !== undefined || options.targetProject !== undefined;
    const changed = options.config.length > 0 || options.device.length > 0 || profiles !== undefined;
    if (!elsewhere && args.newName === undefined)
      throw usageError('Where to?', 'gast move INSTANCE NEW-NAME, -s POOL or --target-project PROJECT');
    const migration = elsewhere || changed;
    const started = await context.client.start('POST /1.0/instances/{name}', {
      params: { name: args.instance },
      body: {
        name: args.newName ?? args.instance,
        ...(migration ? { migration } : {}),
        ...(options.storage === undefined ? {} : { pool: options.storage }),
        ...(options.targetProject === undefined ? {} : { project: options.targetProject }),
        ...(options.instanceOnly ? { instance_only: true } : {}),
        ...(options.config.length > 0 ? { Config: parseKeyValues(options.config) } : {}),
        ...(options.device.length > 0 ? { Devices: parseDevices(options.device) } : {}),
        ...(profiles ? { Profiles: profiles } : {}),
      },
    });
    await context.follow(context.texts('moving', { name: args.instance }), started);
  },
});
