import { defineCommand, required } from '../../command.ts';
import { profile } from '../../objects/editable.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { unsetKey } from '../../objects/keys.ts';

export const profileUnset = defineCommand({
  name: 'profile unset',
  group: 'settings',
  summary: 'Unset a key of a profile',
  args: { profile: required('profile', 'profile'), key: required('key') },
  options: { property: propertyOption },
  examples: [['gast profile unset web limits.memory', '']],
  run: (context, { args, options }) => unsetKey(context, profile(args.profile), args.key, options),
});
