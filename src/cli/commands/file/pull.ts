import { usageError } from '../../cli-error.ts';
import { defineCommand, flag, some } from '../../command.ts';
import { parseGuestPath } from '../../objects/guest-files.ts';
import { type Pull, pullPath, pullTarget, pullToStream } from '../../objects/pull-tree.ts';

export const filePull = defineCommand({
  name: 'file pull',
  group: 'inside',
  summary: 'Copy files out of a guest',
  args: { paths: some('instance/path... target', 'instance-path') },
  options: { recursive: flag('-r, --recursive', 'directories with all that is in them') },
  examples: [
    ['gast file pull web/etc/hosts .', 'one file'],
    ['gast file pull web/var/log/syslog -', 'its content to stdout'],
    ['gast file pull -r web/srv backup/', 'a whole directory'],
  ],
  async run(context, { args, options }) {
    const target = args.paths.at(-1) ?? '';
    const sources = args.paths.slice(0, -1).map(parseGuestPath);
    const [first] = sources;
    if (first === undefined) throw usageError('What is to be copied where?', 'gast file pull NAME/PATH... TARGET');
    using task = context.task(context.texts('pulling', { name: first.instance }));
    const pull: Pull = { context, task, recursive: options.recursive, receivedBytes: 0 };
    if (target === '-') {
      for (const source of sources) await pullToStream(pull, source, context.streams.stdout);
      return;
    }
    const place = await pullTarget(
      sources.map(({ path }) => path),
      target,
    );
    for (const source of sources) await pullPath(pull, source, place(source));
  },
});
