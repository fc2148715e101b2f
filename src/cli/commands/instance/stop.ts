import { any, defineCommand } from '../../command.ts';
import { allOption, changeStates, forceOption, timeoutOption } from '../../objects/change-state.ts';

export const stop = defineCommand({
  name: 'stop',
  group: 'guests',
  summary: 'Stop guests, gracefully',
  args: { instances: any('instance', 'instance') },
  options: { all: allOption, force: forceOption, timeout: timeoutOption },
  examples: [
    ['gast stop web', 'as its own poweroff'],
    ['gast stop web --timeout 10', 'with an error when it takes longer than 10 s'],
    ['gast stop -f web', 'at once, like pulling the plug'],
  ],
  run: (context, { args, options }) =>
    changeStates(context, {
      names: args.instances,
      all: options.all,
      action: 'stop',
      label: 'stopping',
      force: options.force,
      timeout: options.timeout,
      from: ['Running', 'Frozen', 'Ready', 'Error'],
    }),
});
