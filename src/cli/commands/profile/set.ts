import { defineCommand, required, some } from '../../command.ts';
import { profile } from '../../objects/editable.ts';
import { propertyOption } from '../../objects/key-options.ts';
import { parseAssignments } from '../../objects/key-values.ts';
import { setKeys } from '../../objects/keys.ts';

export const profileSet = defineCommand({
  name: 'profile set',
  group: 'settings',
  summary: 'Set keys of a profile',
  args: { profile: required('profile', 'profile'), assignments: some('key=value') },
  options: { property: propertyOption },
  examples: [['gast profile set web limits.memory=1GiB', '']],
  run: (context, { args, options }) =>
    setKeys(context, profile(args.profile), parseAssignments(args.assignments), options),
});
