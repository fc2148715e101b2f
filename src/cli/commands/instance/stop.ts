import { any, defineCommand, flag } from '../../command.ts';
import { allOption, changeStates, forceOption, timeoutOption } from '../../objects/change-state.ts';

export const stop = defineCommand({
  name: 'stop',
  group: 'guests',
  summary: 'Stop guests, gracefully',
  args: { instances: any('instance', 'instance') },
  options: {
    all: allOption,
    force: forceOption,
    stateful: flag('--stateful', 'keep its memory: the next start goes on where it was (virtual machines)'),
    timeout: timeoutOption,
  },
  examples: [
    ['gast stop web', 'as its own poweroff'],
    ['gast stop web --timeout 10', 'with an error when it takes longer than 10 s'],
    ['gast stop -f web', 'at once, like pulling the plug'],
    ['gast stop --stateful vm', 'a virtual machine, to go on later where it is now'],
  ],
  run: (context, { args, options }) =>
    changeStates(context, {
      names: args.instances,
      all: options.all,
      action: 'stop',
      label: 'stopping',
      force: options.force,
      timeout: options.timeout,
      ...(options.stateful ? { stateful: true } : {}),
      from: ['Running', 'Frozen', 'Ready', 'Error'],
    }),
});
