import { defineCommand, flag, optional, required, text } from '../../command.ts';
import { saveDownload } from '../../objects/download.ts';

/** A client that dies leaves its backup behind; the server deletes it then. */
const keptMs = 24 * 60 * 60 * 1000;

export const exportInstance = defineCommand({
  name: 'export',
  group: 'snapshots',
  summary: 'Write a guest with its snapshots to a tarball',
  details: 'Guests may run on. The tarball can be imported here, by other Gasthof servers and by Incus.',
  args: { instance: required('instance', 'instance'), target: optional('target', 'file') },
  options: {
    instanceOnly: flag('--instance-only', 'without its snapshots'),
    optimizedStorage: flag('--optimized-storage', 'accepted for scripts; tarballs are the same with and without'),
    compression: text('--compression <algorithm>', 'how to compress it', ['none', 'gzip', 'bzip2', 'xz', 'zstd']),
  },
  examples: [
    ['gast export web', 'as web.backup, here'],
    ['gast export web /srv/web.tar.zst --compression zstd', 'small and fast'],
    ['gast export web - --compression none | ssh other gast import -', 'into a pipe'],
  ],
  async run(context, { args, options }) {
    const params = { name: args.instance };
    const label = context.texts('exporting', { name: args.instance });
    const started = await context.client.start('POST /1.0/instances/{name}/backups', {
      params,
      body: {
        name: '',
        expires_at: new Date(Date.now() + keptMs).toISOString(),
        instance_only: options.instanceOnly,
        optimized_storage: options.optimizedStorage,
        compression_algorithm: options.compression ?? '',
      },
    });
    const ended = await context.follow(label, started);
    const backup = ended.resources.backups?.[0]?.split('?')[0]?.split('/').at(-1) ?? '';
    const one = { params: { ...params, backup: decodeURIComponent(backup) } };
    try {
      const answer = await context.client.raw('GET /1.0/instances/{name}/backups/{backup}/export', one);
      const target = args.target ?? `${args.instance}.backup`;
      await saveDownload(context, answer, target, label);
      if (target !== '-') context.print(`${target}\n`);
    } finally {
      await context.client.operation('DELETE /1.0/instances/{name}/backups/{backup}', one);
    }
  },
});
