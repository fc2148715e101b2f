import { defineCommand, required } from '../../command.ts';
import { editObject } from '../../objects/edit.ts';
import { volume } from '../../objects/volumes.ts';

export const volumeEdit = defineCommand({
  name: 'storage volume edit',
  group: 'network-storage',
  summary: 'Edit a volume as YAML in your editor, or from stdin',
  args: { pool: required('pool', 'pool'), volume: required('volume', 'volume') },
  options: {},
  examples: [['gast storage volume edit default data', 'in $EDITOR']],
  run: (context, { args }) => editObject(context, volume(args.pool, args.volume)),
});
