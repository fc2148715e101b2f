import { usageError } from '../../cli-error.ts';
import { defineCommand, flag, some } from '../../command.ts';
import { instanceOrServer } from '../../objects/editable.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { getKey } from '../../objects/keys.ts';

export const configGet = defineCommand({
  name: 'config get',
  group: 'settings',
  summary: 'Print one key of a guest, or of the server',
  args: { words: some('[instance] key', 'instance') },
  options: { property: propertyOption, expanded: flag('-e, --expanded', 'with what the profiles give') },
  examples: [
    ['gast config get web limits.memory', 'of a guest'],
    ['gast config get core.https_address', 'of the server'],
  ],
  run(context, { args, options }) {
    const [key, name, ...more] = args.words.toReversed();
    if (key === undefined || more.length > 0) throw usageError('Which key?', 'gast config get [NAME] KEY');
    return getKey(context, instanceOrServer(name), key, options);
  },
});
