import { any, defineCommand, required } from '../../command.ts';
import { changeProfiles } from '../../objects/instance-profiles.ts';

export const profileAssign = defineCommand({
  name: 'profile assign',
  aliases: ['profile apply'],
  group: 'settings',
  summary: 'Give a guest exactly these profiles, in this order; none without names',
  args: { instance: required('instance', 'instance'), profiles: any('profile', 'profile') },
  options: {},
  examples: [['gast profile assign web default small', '']],
  run: (context, { args }) =>
    changeProfiles(context, args.instance, () =>
      args.profiles.flatMap((word) => word.split(',')).filter((name) => name !== ''),
    ),
});
