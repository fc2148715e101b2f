import { any, defineCommand, flag, required } from '../../command.ts';
import { parseKeyValues } from '../../objects/key-values.ts';
import { acl, removeRows } from '../../objects/network-parts.ts';
import { directionField, directions } from '../../objects/rule-direction.ts';

export const networkAclRuleRemove = defineCommand({
  name: 'network acl rule remove',
  aliases: ['network acl rule rm'],
  group: 'network-storage',
  summary: 'Remove the rule that the keys fit to',
  args: { acl: required('acl', 'acl'), direction: required('direction', directions), keys: any('key=value') },
  options: { force: flag('--force', 'all that fit') },
  examples: [['gast network acl rule remove web ingress destination_port=80,443', '']],
  run: (context, { args, options }) =>
    removeRows(context, acl(args.acl), {
      field: directionField(args.direction),
      wanted: parseKeyValues(args.keys),
      force: options.force,
    }),
});
