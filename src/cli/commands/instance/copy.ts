import type { InstancesPost } from '../../../api/resources/instances.ts';
import { defineCommand, flag, optional, required, text } from '../../command.ts';
import type { Context } from '../../context.ts';
import { readGuestWord } from '../../objects/between-servers.ts';
import { createOptions, createRequest } from '../../objects/create-request.ts';
import { createInstance } from '../../objects/created-instance.ts';
import { fetchInstance, splitSnapshot } from '../../objects/instances.ts';
import { connect } from '../../objects/remote-image.ts';
import { bringInstance } from '../../objects/travelling-instance.ts';

export const copy = defineCommand({
  name: 'copy',
  aliases: ['cp'],
  group: 'snapshots',
  summary: 'Copy a guest, or one of its snapshots, into a new guest, here or on another server',
  details:
    'Between servers the target fetches it (pull) when it can reach the source; push lets the source send it; relay takes it through this computer.',
  args: { source: required('[remote:]instance[/snapshot]', 'instance'), name: optional('[remote:]new-name') },
  options: {
    ...createOptions,
    instanceOnly: flag('--instance-only', 'without its snapshots'),
    start: flag('--start', 'start the copy'),
    refresh: flag('--refresh', 'bring an existing copy up to date: files, missing snapshots, config'),
    refreshExcludeOlder: flag('--refresh-exclude-older', 'leave out snapshots older than its newest one'),
    targetProject: text('--target-project <project>', 'project of the copy', 'project'),
    allowInconsistent: flag('--allow-inconsistent', 'let a guest that runs write on meanwhile'),
    stateless: flag('--stateless', 'accepted for scripts; memory is never copied'),
    mode: text('--mode <mode>', 'between servers: pull (the default), push or relay', ['pull', 'push', 'relay']),
  },
  examples: [
    ['gast copy web web2', 'with its snapshots; costs no full copy'],
    ['gast copy web/before-upgrade old-web', 'a snapshot becomes a guest'],
    ['gast copy web spare --refresh', 'only what has changed since the last time is new in spare'],
    ['gast copy web otto:web', 'to the server that is known as otto'],
  ],
  imageFirst: true,
  async run(context, { args, options }) {
    const { image: word, elsewhere } = readGuestWord(context, args.source);
    const { instance, snapshot } = splitSnapshot(word);
    using other = elsewhere && (await connect(context, elsewhere.name, elsewhere.remote));
    const source = await fetchInstance(other ? { ...context, client: other } : context, instance);
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
    const created = other
      ? await bringInstance(context, {
          source: other,
          instance,
          snapshot,
          mode: options.mode,
          request: { instance_only: options.instanceOnly, allow_inconsistent: options.allowInconsistent },
          body: { ...body, source: migrationSource(body, source.config['volatile.base_image']) },
          project: options.targetProject,
        })
      : await createInstance(context, 'copying', body, options.targetProject);
    if (options.refresh) await takeOverConfig(context, created, body, options.targetProject);
    context.print(`${created}\n`);
  },
});

/** What a copy from another server is asked for in the same words. */
function migrationSource(
  { source }: InstancesPost,
  baseImage: string | undefined,
): NonNullable<InstancesPost['source']> {
  const { source: _name, project: _project, ...rest } = source ?? {};
  return { ...rest, ...(baseImage === undefined ? {} : { 'base-image': baseImage }) };
}

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
