import { defineCommand, required } from '../../command.ts';
import { findChangeable } from '../../remotes/change-remotes.ts';
import { serverUrl } from '../../remotes/meet.ts';
import { writeRemotes } from '../../remotes/remotes-file.ts';

export const remoteSetUrl = defineCommand({
  name: 'remote set-url',
  group: 'server',
  summary: 'Change where a server is; it still has to show the same certificate',
  args: { name: required('remote', 'remote'), url: required('url') },
  options: {},
  examples: [['gast remote set-url otto https://10.0.0.8:8443', '']],
  async run(context, { args }) {
    const { known, remote } = findChangeable(context, args.name);
    const remotes = { ...known.remotes, [args.name]: { ...remote, url: serverUrl(args.url) } };
    writeRemotes(context.env, { ...known, remotes });
  },
});
