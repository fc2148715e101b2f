import { defineCommand, required, some } from '../../command.ts';

export const sendKey = defineCommand({
  name: 'send-key',
  group: 'inside',
  summary: 'Press keys of a virtual machine, those joined by - together',
  details:
    "Keys are named by their place on a US keyboard: a, 7, enter, esc, tab, space, f1, left, pgup, minus, comma, kp_5; ctrl, alt, altgr, shift and win go with others. QEMU's names of keys are good, too.",
  args: { instance: required('instance', 'instance'), keys: some('key') },
  options: {},
  examples: [
    ['gast send-key desktop ctrl-alt-f1', 'the first text console'],
    ['gast send-key desktop r o o t enter', 'one after the other'],
    ['gast send-key desktop ctrl-alt-delete', 'what many systems take for a restart'],
  ],
  async run(context, { args: { instance, keys } }) {
    await context.client.call('POST /1.0/instances/{name}/console/keys', {
      params: { name: instance },
      body: { keys },
    });
  },
});
