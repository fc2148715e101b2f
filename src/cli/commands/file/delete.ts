import { defineCommand, flag, some } from '../../command.ts';
import { parseGuestPath } from '../../objects/guest-files.ts';

export const fileDelete = defineCommand({
  name: 'file delete',
  aliases: ['file rm'],
  group: 'inside',
  summary: 'Delete files of a guest',
  args: { paths: some('instance/path', 'instance-path') },
  options: { recursive: flag('-r, --recursive', 'directories with all that is in them') },
  examples: [
    ['gast file delete web/tmp/old.log', 'one file'],
    ['gast file delete -r web/srv/old', 'a directory'],
  ],
  async run(context, { args, options }) {
    for (const word of args.paths) {
      const { instance, path } = parseGuestPath(word);
      await context.client.call('DELETE /1.0/instances/{name}/files', {
        params: { name: instance },
        query: { path, ...(options.recursive ? { force: 'true' } : {}) },
      });
    }
  },
});
