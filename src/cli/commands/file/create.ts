import { usageError } from '../../cli-error.ts';
import { defineCommand, flag, optional, required, text } from '../../command.ts';
import { type FileKind, kindOf, type Owner, parseGuestPath, writeGuestFile } from '../../objects/guest-files.ts';
import { createParents } from '../../objects/push-tree.ts';

const kinds: readonly FileKind[] = ['file', 'directory', 'symlink'];

export const fileCreate = defineCommand({
  name: 'file create',
  group: 'inside',
  summary: 'Make an empty file, a directory or a link in a guest',
  args: { path: required('instance/path', 'instance-path'), target: optional('target') },
  options: {
    type: text('--type <type>', 'file, directory or symlink'),
    createDirs: flag('-p, --create-dirs', 'make the directories above'),
    force: flag('-f, --force', 'a file that is there becomes empty'),
    uid: text('--uid <uid>', 'owner inside the guest'),
    gid: text('--gid <gid>', 'group inside the guest'),
    mode: text('--mode <mode>', 'permissions in octal, like 0644'),
  },
  examples: [
    ['gast file create --type directory web/srv/site', ''],
    ['gast file create --type symlink web/srv/current /srv/site', 'a link to /srv/site'],
  ],
  async run(context, { args, options }) {
    const path = parseGuestPath(args.path);
    const kind = kinds.find((one) => one === (options.type ?? (args.target === undefined ? 'file' : 'symlink')));
    if (!kind) throw usageError(`"${options.type}" is no type`, kinds.join(', '));
    if ((kind === 'symlink') !== (args.target !== undefined))
      throw usageError(
        'A link needs a target, and nothing else has one',
        'gast file create --type symlink NAME/PATH TARGET',
      );
    if (kind === 'file' && !options.force && (await kindOf(context, path)) === 'file')
      throw usageError(`${path.path} is there already`, 'add --force to make it empty');
    if (options.createDirs) {
      using task = context.task(context.texts('pushing', { name: path.instance }));
      await createParents(
        { context, task, options: { recursive: false, createDirs: true, owner: {} }, sentBytes: 0 },
        path,
      );
    }
    const content = Buffer.from(args.target ?? '');
    await writeGuestFile(context, path, { kind, content, owner: ownerOf(options) });
  },
});

function ownerOf(options: Record<'uid' | 'gid' | 'mode', string | undefined>): Owner {
  const read = (key: 'uid' | 'gid' | 'mode', base: 8 | 10) => {
    const given = options[key];
    if (given === undefined) return {};
    if (!(base === 8 ? /^0?[0-7]{3,4}$/ : /^\d{1,10}$/).test(given))
      throw usageError(`--${key} ${given} is no ${key}`, base === 8 ? 'like 0644' : 'a number');
    return { [key]: Number.parseInt(given, base) };
  };
  return { ...read('uid', 10), ...read('gid', 10), ...read('mode', 8) };
}
