import { basename } from 'node:path';
import { defineCommand, optional, required, text } from '../../command.ts';
import { openUpload } from '../../objects/image-upload.ts';

export const volumeImport = defineCommand({
  name: 'storage volume import',
  group: 'network-storage',
  summary: 'Make a custom volume of an exported one, or of an ISO image',
  args: { pool: required('pool', 'pool'), file: required('file', 'file'), volume: optional('volume') },
  options: { type: text('--type <type>', 'backup (default) or iso', ['backup', 'iso']) },
  examples: [
    ['gast storage volume import default data.tar.gz', 'under its old name'],
    ['gast storage volume import default debian.iso installer --type iso', ''],
  ],
  async run(context, { args, options }) {
    const type = options.type ?? (args.file.endsWith('.iso') ? 'iso' : 'backup');
    const name = args.volume ?? (type === 'iso' ? basename(args.file, '.iso') : '');
    const label = context.texts('importing', { name: args.file });
    const started = await (async () => {
      using task = context.task(label);
      const { body, contentType } = await openUpload(args.file, undefined, task);
      return context.client.start('POST /1.0/storage-pools/{pool}/volumes/{type}', {
        params: { pool: args.pool, type: 'custom' },
        upload: body,
        headers: {
          'Content-Type': contentType,
          ...(name ? { 'X-Incus-name': name } : {}),
          ...(type === 'iso' ? { 'X-Incus-type': 'iso' } : {}),
        },
      });
    })();
    await context.follow(label, started);
  },
});
