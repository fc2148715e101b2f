import { defineCommand, required } from '../../command.ts';
import { editObject } from '../../objects/edit.ts';
import { pool } from '../../objects/editable.ts';

export const storageEdit = defineCommand({
  name: 'storage edit',
  group: 'network-storage',
  summary: 'Edit a storage pool as YAML in your editor, or from stdin',
  args: { pool: required('pool', 'pool') },
  options: {},
  examples: [
    ['gast storage edit default', 'in $EDITOR'],
    ['gast storage edit default < pool.yaml', 'from a file'],
  ],
  run: (context, { args }) => editObject(context, pool(args.pool)),
});
