import { any, defineCommand } from '../../command.ts';
import { allOption, changeStates } from '../../objects/change-state.ts';

export const resume = defineCommand({
  name: 'resume',
  group: 'guests',
  summary: 'Let frozen guests go on',
  args: { instances: any('instance', 'instance') },
  options: { all: allOption },
  examples: [['gast resume web', 'after gast pause web']],
  run: (context, { args, options }) =>
    changeStates(context, {
      names: args.instances,
      all: options.all,
      action: 'unfreeze',
      label: 'resuming',
      from: ['Frozen'],
    }),
});
