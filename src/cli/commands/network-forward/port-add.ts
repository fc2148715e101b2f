import { defineCommand, optional, required, text } from '../../command.ts';
import { addRow, forward } from '../../objects/network-parts.ts';

export const networkForwardPortAdd = defineCommand({
  name: 'network forward port add',
  group: 'network-storage',
  summary: 'Forward ports to a guest',
  args: {
    network: required('network', 'network'),
    address: required('listen address', 'forward'),
    protocol: required('protocol', ['tcp', 'udp']),
    listen: required('listen ports'),
    target: required('target address'),
    ports: optional('target ports'),
  },
  options: { description: text('--description <text>', 'description') },
  examples: [
    ['gast network forward port add gastbr0 192.0.2.5 tcp 80,443 10.1.2.3', ''],
    ['gast network forward port add gastbr0 192.0.2.5 tcp 8080 10.1.2.3 80', 'to another port'],
  ],
  run: (context, { args, options }) =>
    addRow(context, forward(args.network, args.address), 'ports', {
      protocol: args.protocol,
      listen_port: args.listen,
      target_address: args.target,
      target_port: args.ports ?? '',
      description: options.description ?? '',
    }),
});
