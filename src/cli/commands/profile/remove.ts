import { CliError } from '../../cli-error.ts';
import { defineCommand, required } from '../../command.ts';
import { changeProfiles } from '../../objects/instance-profiles.ts';

export const profileRemove = defineCommand({
  name: 'profile remove',
  group: 'settings',
  summary: 'Take a profile away from a guest',
  args: { instance: required('instance', 'instance'), profile: required('profile', 'profile') },
  options: {},
  examples: [['gast profile remove web small', '']],
  run: (context, { args }) =>
    changeProfiles(context, args.instance, (profiles) => {
      if (!profiles.includes(args.profile)) throw new CliError(`${args.instance} has no profile "${args.profile}"`);
      return profiles.filter((name) => name !== args.profile);
    }),
});
