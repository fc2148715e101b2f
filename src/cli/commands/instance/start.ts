import { any, defineCommand, flag } from '../../command.ts';
import { allOption, changeStates } from '../../objects/change-state.ts';
import { attachConsole } from '../../terminal/console-session.ts';

export const start = defineCommand({
  name: 'start',
  group: 'guests',
  summary: 'Start guests',
  args: { instances: any('instance', 'instance') },
  options: {
    all: allOption,
    stateless: flag('--stateless', 'without the memory that it was stopped with'),
    console: flag('--console', 'show its console at once'),
  },
  examples: [
    ['gast start web db', 'two guests'],
    ['gast start --all', 'all that are stopped'],
  ],
  async run(context, { args, options }) {
    const code = await changeStates(context, {
      names: args.instances,
      all: options.all,
      action: 'start',
      label: 'starting',
      from: ['Stopped'],
      ...(options.stateless ? { stateful: false } : {}),
    });
    const [name] = args.instances;
    return code === 0 && options.console && name !== undefined ? attachConsole(context, name, {}) : code;
  },
});
