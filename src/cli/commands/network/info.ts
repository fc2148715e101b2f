import { defineCommand, required, text } from '../../command.ts';
import { printObject } from '../../output/print-rows.ts';
import { formatBytes } from '../../output/units.ts';

export const networkInfo = defineCommand({
  name: 'network info',
  group: 'network-storage',
  summary: 'Show addresses and counters of a network',
  args: { network: required('network', 'network') },
  options: { format: text('-f, --format <format>', 'json or yaml instead of text', ['json', 'yaml']) },
  examples: [['gast network info gastbr0', '']],
  async run(context, { args, options }) {
    const state = await context.client.call('GET /1.0/networks/{name}/state', { params: { name: args.network } });
    if (options.format !== undefined) return printObject(context, options.format, state);
    const { counters, addresses, bridge } = state;
    const lines = [
      `Name: ${args.network}`,
      `MAC: ${state.hwaddr}`,
      `MTU: ${state.mtu}`,
      `State: ${state.state}`,
      `Type: ${state.type}`,
      ...addresses.map(({ family, address, netmask, scope }) => `${family}: ${address}/${netmask} (${scope})`),
      `Received: ${formatBytes(counters.bytes_received)} in ${counters.packets_received} packets`,
      `Sent: ${formatBytes(counters.bytes_sent)} in ${counters.packets_sent} packets`,
      ...(bridge ? [`Plugged in: ${bridge.upper_devices.join(', ')}`] : []),
    ];
    context.print(`${lines.join('\n')}\n`);
  },
});
