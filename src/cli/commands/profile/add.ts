import { CliError } from '../../cli-error.ts';
import { defineCommand, required } from '../../command.ts';
import { changeProfiles } from '../../objects/instance-profiles.ts';

export const profileAdd = defineCommand({
  name: 'profile add',
  group: 'settings',
  summary: 'Add a profile to a guest, after those that it has',
  args: { instance: required('instance', 'instance'), profile: required('profile', 'profile') },
  options: {},
  examples: [['gast profile add web small', '']],
  run: (context, { args }) =>
    changeProfiles(context, args.instance, (profiles) => {
      if (profiles.includes(args.profile))
        throw new CliError(`${args.instance} already has the profile "${args.profile}"`);
      return [...profiles, args.profile];
    }),
});
