import { defineCommand, required } from '../../command.ts';
import { pick } from '../../objects/editable.ts';
import { guestMetadata } from '../../objects/guest-metadata.ts';
import { toYaml } from '../../output/yaml.ts';

export const configMetadataShow = defineCommand({
  name: 'config metadata show',
  group: 'settings',
  summary: 'Show the metadata that a guest has from its image',
  args: { instance: required('instance', 'instance') },
  options: {},
  examples: [['gast config metadata show web', '']],
  async run(context, { args }) {
    const metadata = guestMetadata(args.instance);
    const { value } = await metadata.read(context);
    context.print(await toYaml(pick(value, metadata.editable)));
  },
});
