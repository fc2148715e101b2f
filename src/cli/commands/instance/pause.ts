import { any, defineCommand } from '../../command.ts';
import { allOption, changeStates } from '../../objects/change-state.ts';

export const pause = defineCommand({
  name: 'pause',
  group: 'guests',
  summary: 'Freeze guests: they keep their memory and get no CPU',
  args: { instances: any('instance', 'instance') },
  options: { all: allOption },
  examples: [['gast pause web', 'until gast resume web']],
  run: (context, { args, options }) =>
    changeStates(context, {
      names: args.instances,
      all: options.all,
      action: 'freeze',
      label: 'pausing',
      from: ['Running', 'Ready'],
    }),
});
