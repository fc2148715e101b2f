import { defineCommand, flag, optional, required } from '../../command.ts';
import { createOptions, createRequest } from '../../objects/create-request.ts';
import { createInstance } from '../../objects/created-instance.ts';
import { fetchInstance, splitSnapshot } from '../../objects/instances.ts';

export const copy = defineCommand({
  name: 'copy',
  aliases: ['cp'],
  group: 'snapshots',
  summary: 'Copy a guest, or one of its snapshots, into a new guest',
  args: { source: required('instance[/snapshot]', 'instance'), name: optional('new-name') },
  options: {
    ...createOptions,
    instanceOnly: flag('--instance-only', 'without its snapshots'),
    start: flag('--start', 'start the copy'),
  },
  examples: [
    ['gast copy web web2', 'with its snapshots; costs no full copy'],
    ['gast copy web/before-upgrade old-web', 'a snapshot becomes a guest'],
  ],
  async run(context, { args, options }) {
    const { instance, snapshot } = splitSnapshot(args.source);
    const source = await fetchInstance(context, instance);
    const request = await createRequest(context, options);
    const config = Object.entries(source.config).filter(
      ([key]) => !key.startsWith('volatile.') || key === 'volatile.base_image',
    );
    const created = await createInstance(context, 'copying', {
      architecture: source.architecture,
      description: source.description,
      ...request,
      ...(args.name === undefined ? {} : { name: args.name }),
      config: { ...Object.fromEntries(config), ...request.config },
      devices: { ...source.devices, ...request.devices },
      profiles: request.profiles ?? source.profiles,
      ephemeral: options.ephemeral,
      type: source.type,
      start: options.start,
      source: {
        type: 'copy',
        source: snapshot === undefined ? instance : `${instance}/${snapshot}`,
        ...(options.instanceOnly ? { instance_only: true } : {}),
      },
    });
    context.print(`${created}\n`);
  },
});
