/** Projects as things with keys: show, get, set, unset and edit. */
import { required } from '../../command.ts';
import { project } from '../../objects/editable.ts';
import { keyCommands } from '../../objects/key-commands.ts';

export const projectKeys = keyCommands({
  noun: 'project',
  group: 'server',
  one: 'a project',
  args: { project: required('project', 'project') },
  target: ({ project: name }) => project(name),
  examples: {
    show: [['gast project show default', '']],
    get: [['gast project get shop limits.instances', '']],
    set: [
      ['gast project set shop limits.instances=5', ''],
      ['gast project set shop restricted=true', 'what is forbidden then: gast project edit shop'],
    ],
    unset: [['gast project unset shop limits.instances', '']],
    edit: [
      ['gast project edit shop', 'in $EDITOR'],
      ['gast project edit shop < shop.yaml', 'from a file'],
    ],
  },
});
