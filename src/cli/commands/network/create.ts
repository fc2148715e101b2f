import { any, defineCommand, required, text } from '../../command.ts';
import { parseKeyValues } from '../../objects/key-values.ts';

export const networkCreate = defineCommand({
  name: 'network create',
  group: 'network-storage',
  summary: 'Create a managed bridge; it chooses a free subnet when none is given',
  args: { network: required('network'), keys: any('key=value') },
  options: {
    type: text('-t, --type <type>', 'bridge', ['bridge']),
    description: text('--description <text>', 'description'),
  },
  examples: [
    ['gast network create lab0', ''],
    ['gast network create lab0 ipv4.address=10.20.0.1/24 ipv6.address=none', ''],
  ],
  async run(context, { args, options }) {
    await context.client.call('POST /1.0/networks', {
      body: {
        name: args.network,
        type: options.type ?? 'bridge',
        config: parseKeyValues(args.keys),
        ...(options.description === undefined ? {} : { description: options.description }),
      },
    });
  },
});
