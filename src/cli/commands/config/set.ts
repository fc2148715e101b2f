import { defineCommand, some } from '../../command.ts';
import { splitTarget } from '../../objects/config-target.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { parseAssignments } from '../../objects/key-values.ts';
import { setKeys } from '../../objects/keys.ts';

export const configSet = defineCommand({
  name: 'config set',
  group: 'settings',
  summary: 'Set keys of a guest, or of the server; limits change at once',
  args: { words: some('[instance] key=value', 'instance') },
  options: { property: propertyOption },
  examples: [
    ['gast config set web limits.memory=1GiB limits.cpu=2', 'of a guest, while it runs'],
    ['gast config set web -p description="Web server"', 'its description'],
    ['gast config set core.https_address=:8443', 'of the server'],
  ],
  run(context, { args, options }) {
    const { target, words } = splitTarget(args.words);
    return setKeys(context, target, parseAssignments(words), options);
  },
});
