import { defineCommand, flag, optional, required } from '../../command.ts';
import { forward, removeRows } from '../../objects/network-parts.ts';

export const networkForwardPortRemove = defineCommand({
  name: 'network forward port remove',
  aliases: ['network forward port rm'],
  group: 'network-storage',
  summary: 'Forward ports no longer',
  args: {
    network: required('network', 'network'),
    address: required('listen address', 'forward'),
    protocol: optional('protocol', ['tcp', 'udp']),
    listen: optional('listen ports'),
  },
  options: { force: flag('--force', 'all that match') },
  examples: [['gast network forward port remove gastbr0 192.0.2.5 tcp 80,443', '']],
  run: (context, { args, options }) =>
    removeRows(context, forward(args.network, args.address), {
      field: 'ports',
      wanted: {
        ...(args.protocol === undefined ? {} : { protocol: args.protocol }),
        ...(args.listen === undefined ? {} : { listen_port: args.listen }),
      },
      force: options.force,
    }),
});
