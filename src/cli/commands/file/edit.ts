import { extname } from 'node:path';
import { ClientError } from '../../../client/client-error.ts';
import { CliError } from '../../cli-error.ts';
import { defineCommand, required } from '../../command.ts';
import type { Context } from '../../context.ts';
import {
  type FileMeta,
  type GuestPath,
  parseGuestPath,
  readGuestFile,
  writeGuestFile,
} from '../../objects/guest-files.ts';
import { editBytes } from '../../terminal/editor.ts';

export const fileEdit = defineCommand({
  name: 'file edit',
  group: 'inside',
  summary: 'Edit a file of a guest in your editor',
  details: 'Owner and permissions stay. Without a terminal the new content is read from stdin.',
  args: { path: required('instance/path', 'instance-path') },
  options: {},
  examples: [['gast file edit web/etc/hosts', 'in $EDITOR']],
  async run(context, { args }) {
    const path = parseGuestPath(args.path);
    const { meta, content } = await load(context, path);
    const owner = { uid: meta.uid, gid: meta.gid, mode: meta.mode };
    if (!context.streams.stdin.isTTY) {
      return writeGuestFile(context, path, { kind: 'file', content: context.streams.stdin, owner });
    }
    const edited = await editBytes(context, content, extname(path.path).slice(1) || 'txt');
    if (edited.equals(content)) return context.say(context.texts('unchanged'));
    await writeGuestFile(context, path, { kind: 'file', content: edited, owner });
  },
});

/** A file that is not there yet begins empty. */
async function load(context: Context, path: GuestPath): Promise<{ meta: FileMeta; content: Buffer }> {
  try {
    const { meta, answer } = await readGuestFile(context, path);
    const parts: Buffer[] = [];
    for await (const part of answer) parts.push(part as Buffer);
    if (meta.kind === 'file') return { meta, content: Buffer.concat(parts) };
    throw new CliError(`${path.path} is a ${meta.kind}, not a file`);
  } catch (error) {
    if (!(error instanceof ClientError) || error.code !== 'file.not-found') throw error;
    return { meta: { kind: 'file', uid: 0, gid: 0, mode: 0o644 }, content: Buffer.alloc(0) };
  }
}
