import { any, defineCommand, flag } from '../../command.ts';
import { allOption, changeStates, forceOption, timeoutOption } from '../../objects/change-state.ts';
import { attachConsole } from '../../terminal/console-session.ts';

export const restart = defineCommand({
  name: 'restart',
  group: 'guests',
  summary: 'Stop guests and start them again',
  args: { instances: any('instance', 'instance') },
  options: {
    all: allOption,
    force: forceOption,
    timeout: timeoutOption,
    console: flag('--console', 'show its console at once'),
  },
  examples: [
    ['gast restart web', 'gracefully'],
    ['gast restart -f web', 'at once'],
  ],
  async run(context, { args, options }) {
    const code = await changeStates(context, {
      names: args.instances,
      all: options.all,
      action: 'restart',
      label: 'restarting',
      force: options.force,
      timeout: options.timeout,
      from: ['Running', 'Ready'],
    });
    const [name] = args.instances;
    return code === 0 && options.console && name !== undefined ? attachConsole(context, name, {}) : code;
  },
});
