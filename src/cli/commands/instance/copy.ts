import type { InstancesPost } from '../../../api/resources/instances.ts';
import { defineCommand, flag, optional, required, text } from '../../command.ts';
import type { Context } from '../../context.ts';
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
    refresh: flag('--refresh', 'bring an existing copy up to date: files, missing snapshots, config'),
    refreshExcludeOlder: flag('--refresh-exclude-older', 'leave out snapshots older than its newest one'),
    targetProject: text('--target-project <project>', 'project of the copy', 'project'),
    allowInconsistent: flag('--allow-inconsistent', 'let a guest that runs write on meanwhile'),
    stateless: flag('--stateless', 'accepted for scripts; memory is never copied'),
  },
  examples: [
    ['gast copy web web2', 'with its snapshots; costs no full copy'],
    ['gast copy web/before-upgrade old-web', 'a snapshot becomes a guest'],
    ['gast copy web spare --refresh', 'only what has changed since the last time is new in spare'],
  ],
  async run(context, { args, options }) {
    const { instance, snapshot } = splitSnapshot(args.source);
    const source = await fetchInstance(context, instance);
    const request = await createRequest(context, options);
    const config = Object.entries(source.config).filter(
      ([key]) => !key.startsWith('volatile.') || key === 'volatile.base_image',
    );
    const body = {
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
        ...(options.refresh ? { refresh: true, refresh_exclude_older: options.refreshExcludeOlder } : {}),
        ...(options.allowInconsistent ? { allow_inconsistent: true } : {}),
        ...(options.targetProject === undefined ? {} : { project: context.project ?? 'default' }),
      },
    };
    const created = await createInstance(context, 'copying', body, options.targetProject);
    if (options.refresh) await takeOverConfig(context, created, body, options.targetProject);
    context.print(`${created}\n`);
  },
});

/** A refresh brings files and snapshots; what is set follows, but for the disk that the files lie on. */
async function takeOverConfig(context: Context, name: string, body: InstancesPost, project: string | undefined) {
  const query = project === undefined ? {} : { project };
  const path = 'PUT /1.0/instances/{name}';
  const { value, etag } = await context.client.read('GET /1.0/instances/{name}', { params: { name }, query });
  const root = Object.entries(value.devices).filter(([, device]) => device.type === 'disk' && device.path === '/');
  const { architecture, config, ephemeral, profiles, description } = body;
  const change = { architecture, config, ephemeral, profiles, description };
  await context.client.operation(path, {
    params: { name },
    query,
    ifMatch: etag,
    body: { ...change, devices: { ...body.devices, ...Object.fromEntries(root) } } as never,
  });
}
