import { usageError } from '../../cli-error.ts';
import { defineCommand, flag, list, optional, required, text } from '../../command.ts';
import { openUpload } from '../../objects/image-upload.ts';
import { parseDevices, parseKeyValues } from '../../objects/key-values.ts';
import { importVmConf } from '../../objects/vm-conf/import-conf.ts';

export const importInstance = defineCommand({
  name: 'import',
  group: 'snapshots',
  summary: 'Make a guest of a tarball that export wrote, here or with Incus; or all of a vm.conf of OpenBSD',
  details: `A file whose name ends in .conf is a vm.conf(5): what it describes is shown as a plan, and made when you agree;
what is there already stays as it is. Of each word that cannot be taken over the line and the reason are told, and
a word that is not known stops all. Any other file is a tarball.`,
  args: { file: required('file|vm.conf', 'file'), name: optional('new-name') },
  options: {
    storage: text('-s, --storage <pool>', 'pool for its root disk', 'pool'),
    config: list('-c, --config <key=value>', 'config key that it is to have (may be repeated)', 'config-key'),
    device: list('-d, --device <device,key=value>', 'key of a device that it is to have (may be repeated)'),
    plan: flag('-n, --plan', 'of a vm.conf: show what would be made, and change nothing'),
    yes: flag('-y, --yes', 'of a vm.conf: do not ask'),
    noStart: flag('--no-start', 'of a vm.conf: start nothing'),
  },
  examples: [
    ['gast import web.backup', 'under its own name'],
    ['gast import web.backup web2 -s fast', 'under another name, in another pool'],
    ['gast import - < web.backup', 'from a pipe'],
    ['gast import vm.conf --plan', 'what would become of the machines of vmd'],
    ['gast import vm.conf --yes', 'its switches and machines, and those that are not disabled run'],
  ],
  async run(context, { args, options }) {
    const isConf = args.file.endsWith('.conf');
    if (isConf && (args.name !== undefined || options.config.length > 0 || options.device.length > 0))
      throw usageError(`${args.file} is a vm.conf, which names its guests and their settings itself`);
    if (isConf) return importVmConf(context, args.file, options);
    if (options.plan || options.yes || options.noStart)
      throw usageError('--plan, --yes and --no-start are for a vm.conf, whose name ends in .conf');
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
