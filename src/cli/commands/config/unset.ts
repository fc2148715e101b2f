import { usageError } from '../../cli-error.ts';
import { defineCommand, some } from '../../command.ts';
import { instanceOrServer } from '../../objects/editable.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { unsetKey } from '../../objects/keys.ts';

export const configUnset = defineCommand({
  name: 'config unset',
  group: 'settings',
  summary: 'Unset a key of a guest, or of the server',
  args: { words: some('[instance] key', 'instance') },
  options: { property: propertyOption },
  examples: [['gast config unset web limits.memory', '']],
  run(context, { args, options }) {
    const [key, name, ...more] = args.words.toReversed();
    if (key === undefined || more.length > 0) throw usageError('Which key?', 'gast config unset [NAME] KEY');
    return unsetKey(context, instanceOrServer(name), key, options);
  },
});
