import { defineCommand, required } from '../../command.ts';
import { editObject } from '../../objects/edit.ts';
import { certificate } from '../../objects/editable.ts';

export const trustEdit = defineCommand({
  name: 'config trust edit',
  group: 'server',
  summary: 'Edit name, description and projects of a trusted certificate as YAML',
  args: { fingerprint: required('fingerprint') },
  options: {},
  examples: [['gast config trust edit cc3272724b73', '']],
  run: (context, { args }) => editObject(context, certificate(args.fingerprint)),
});
