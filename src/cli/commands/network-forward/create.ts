import { any, defineCommand, required, text } from '../../command.ts';
import { givenYaml } from '../../objects/given-yaml.ts';
import { parseKeyValues } from '../../objects/key-values.ts';

export const networkForwardCreate = defineCommand({
  name: 'network forward create',
  group: 'network-storage',
  summary: 'Forward an address of this computer to guests of a network',
  args: { network: required('network', 'network'), address: required('listen address'), keys: any('key=value') },
  options: { description: text('--description <text>', 'description') },
  examples: [
    ['gast network forward create gastbr0 192.0.2.5', 'ports follow: network forward port add'],
    ['gast network forward create gastbr0 192.0.2.5 target_address=10.1.2.3', 'all of it to one guest'],
  ],
  async run(context, { args, options }) {
    const given = await givenYaml(context);
    await context.client.call('POST /1.0/networks/{name}/forwards', {
      params: { name: args.network },
      body: {
        ...given,
        listen_address: args.address,
        config: { ...(given.config as Record<string, string> | undefined), ...parseKeyValues(args.keys) },
        ...(options.description === undefined ? {} : { description: options.description }),
      },
    });
  },
});
