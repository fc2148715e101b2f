import { defineCommand, required } from '../../command.ts';
import { profile } from '../../objects/editable.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { getKey } from '../../objects/keys.ts';

export const profileGet = defineCommand({
  name: 'profile get',
  group: 'settings',
  summary: 'Print one key of a profile',
  args: { profile: required('profile', 'profile'), key: required('key') },
  options: { property: propertyOption },
  examples: [['gast profile get web limits.memory', '']],
  run: (context, { args, options }) => getKey(context, profile(args.profile), args.key, options),
});
