import { usageError } from '../../cli-error.ts';
import { defineCommand, flag, some, text } from '../../command.ts';
import { parseGuestPath } from '../../objects/guest-files.ts';
import { createParents, type Push, pushPath, pushTarget } from '../../objects/push-tree.ts';

export const filePush = defineCommand({
  name: 'file push',
  group: 'inside',
  summary: 'Copy files into a guest',
  details:
    'Without --uid, --gid and --mode the files keep the numbers that they have here. Works on stopped guests too.',
  args: { paths: some('source... instance/path', 'file') },
  options: {
    recursive: flag('-r, --recursive', 'directories with all that is in them'),
    createDirs: flag('-p, --create-dirs', 'make the directories above the target'),
    uid: text('--uid <uid>', 'owner inside the guest'),
    gid: text('--gid <gid>', 'group inside the guest'),
    mode: text('--mode <mode>', 'permissions in octal, like 0644'),
  },
  examples: [
    ['gast file push hosts web/etc/hosts', 'one file'],
    ['gast file push -r site/ web/srv/', 'a whole directory into /srv'],
    ['date | gast file push - web/root/now', 'from stdin'],
  ],
  async run(context, { args, options }) {
    const target = args.paths.at(-1) ?? '';
    const sources = args.paths.slice(0, -1);
    if (sources.length === 0) throw usageError('What is to be copied where?', 'gast file push SOURCE... NAME/PATH');
    const to = parseGuestPath(target);
    const owner = {
      uid: numberOf('--uid', options.uid, 10),
      gid: numberOf('--gid', options.gid, 10),
      mode: numberOf('--mode', options.mode, 8),
    };
    using task = context.task(context.texts('pushing', { name: to.instance }));
    const push: Push = {
      context,
      task,
      options: { recursive: options.recursive, createDirs: options.createDirs, owner },
      sentBytes: 0,
    };
    const place = await pushTarget(context, sources, to);
    for (const source of sources) {
      const into = place(source.replace(/(.)\/+$/, '$1'));
      await createParents(push, into);
      await pushPath(push, source.replace(/(.)\/+$/, '$1'), into);
    }
  },
});

function numberOf(option: string, given: string | undefined, base: 8 | 10): number | undefined {
  if (given === undefined) return undefined;
  const fits = base === 8 ? /^0?[0-7]{3,4}$/ : /^\d{1,10}$/;
  if (!fits.test(given))
    throw usageError(`${option} ${given} is no ${base === 8 ? 'mode' : 'id'}`, base === 8 ? 'like 0644' : 'a number');
  return Number.parseInt(given, base);
}
