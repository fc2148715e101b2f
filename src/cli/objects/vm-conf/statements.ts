/** What a vm.conf says, statement by statement, each with its place. Only the words; what they mean here is in translate*.ts. */
import type { Place } from './lexer.ts';

export type Owner = { user?: string; group?: string };
export type UpDown = { word: 'up' | 'down' };
type Lladdr = { word: 'lladdr'; locked: boolean; address?: string };

export type SwitchClause = Place &
  (
    | UpDown
    | { word: 'enable' | 'disable' }
    | { word: 'locked lladdr' }
    | { word: 'interface' | 'add' | 'group'; value: string }
    | { word: 'rdomain'; id: number }
  );
export type CardClause = Place &
  (UpDown | Lladdr | { word: 'switch' | 'group'; value: string } | { word: 'rdomain'; id: number });

export type VmClause = Place &
  (
    | { word: 'enable' | 'disable' }
    | { word: 'memory'; bytes: number }
    | { word: 'boot' | 'cdrom'; path: string }
    | { word: 'boot device'; device: 'cdrom' | 'disk' | 'net' }
    | { word: 'disk'; path: string; format?: 'raw' | 'qcow2' }
    | { word: 'interface'; local: boolean; name?: string; clauses: CardClause[] }
    | { word: 'interfaces'; count: number }
    | { word: 'owner'; owner: Owner }
    | { word: 'allow instance'; of: string[] }
  );

export type GlobalStatement = Place &
  (
    | { word: 'local prefix' | 'local inet6'; prefix?: string }
    | { word: 'socket owner'; owner: Owner }
    | { word: 'staggered start'; parallel: number; delaySeconds: number }
    | { word: 'agentx'; context?: string; path?: string }
  );

export type SwitchStatement = Place & { word: 'switch'; name: string; clauses: SwitchClause[] };
/** `name` is the machine's own; `parent` that of which it is an instance. */
export type VmStatement = Place & { word: 'vm'; name: string; parent?: string; clauses: VmClause[] };

export type Problem = Place & { text: string };
export type VmConf = {
  globals: GlobalStatement[];
  switches: SwitchStatement[];
  vms: VmStatement[];
  /** In the order of the files; while there is one, nothing is done. */
  errors: Problem[];
  warnings: Problem[];
  files: string[];
};
