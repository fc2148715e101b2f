import { defineCommand, list, optional, required, text } from '../../command.ts';
import { openUpload } from '../../objects/image-upload.ts';
import { parseDevices, parseKeyValues } from '../../objects/key-values.ts';

export const importInstance = defineCommand({
  name: 'import',
  group: 'snapshots',
  summary: 'Make a guest of a tarball that export wrote, here or with Incus',
  args: { file: required('file', 'file'), name: optional('new-name') },
  options: {
    storage: text('-s, --storage <pool>', 'pool for its root disk', 'pool'),
    config: list('-c, --config <key=value>', 'config key that it is to have (may be repeated)', 'config-key'),
    device: list('-d, --device <device,key=value>', 'key of a device that it is to have (may be repeated)'),
  },
  examples: [
    ['gast import web.backup', 'under its own name'],
    ['gast import web.backup web2 -s fast', 'under another name, in another pool'],
    ['gast import - < web.backup', 'from a pipe'],
  ],
  async run(context, { args, options }) {
    const label = context.texts('importing', { name: args.file });
    const devices = Object.entries(parseDevices(options.device)).map(([name, keys]): [string, string] => [
      name,
      new URLSearchParams(keys).toString(),
    ]);
    const headers = {
      'Content-Type': 'application/octet-stream',
      ...(args.name === undefined ? {} : { 'X-Incus-name': args.name }),
      ...(options.storage === undefined ? {} : { 'X-Incus-pool': options.storage }),
      ...(options.config.length > 0
        ? { 'X-Incus-config': new URLSearchParams(parseKeyValues(options.config)).toString() }
        : {}),
      ...(devices.length > 0 ? { 'X-Incus-devices': new URLSearchParams(devices).toString() } : {}),
    };
    const started = await (async () => {
      using task = context.task(label);
      const upload = args.file === '-' ? context.streams.stdin : (await openUpload(args.file, undefined, task)).body;
      return context.client.start('POST /1.0/instances', { upload: upload as never, headers });
    })();
    const ended = await context.follow(label, started);
    const made = ended.resources.instances?.[0]?.split('?')[0]?.split('/').at(-1) ?? '';
    context.print(`${decodeURIComponent(made)}\n`);
  },
});
