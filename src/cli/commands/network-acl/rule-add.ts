import { defineCommand, required, some, text } from '../../command.ts';
import { parseKeyValues } from '../../objects/key-values.ts';
import { acl, addRow } from '../../objects/network-parts.ts';
import { directionField, directions } from '../../objects/rule-direction.ts';

export const networkAclRuleAdd = defineCommand({
  name: 'network acl rule add',
  group: 'network-storage',
  summary: 'Add a rule for what comes in to guests or goes out from them',
  details: `Keys: action (allow, drop, reject), source, destination, protocol (tcp, udp, icmp4, icmp6), source_port,
destination_port, icmp_type, icmp_code, state (enabled, disabled, logged).`,
  args: { acl: required('acl', 'acl'), direction: required('direction', directions), keys: some('key=value') },
  options: { description: text('--description <text>', 'description') },
  examples: [['gast network acl rule add web ingress action=allow protocol=tcp destination_port=80,443', '']],
  run: (context, { args, options }) =>
    addRow(context, acl(args.acl), directionField(args.direction), {
      state: 'enabled',
      ...parseKeyValues(args.keys),
      ...(options.description === undefined ? {} : { description: options.description }),
    }),
});
