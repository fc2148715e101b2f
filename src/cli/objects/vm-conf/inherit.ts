/**
 * Instances: `vm "parent" instance "child" { ... }` has the settings of its parent but for disks and what is a card's own, and
 * its own settings in their place.
 */
import type { CardClause, Problem, VmClause, VmStatement } from './statements.ts';

const inherited = ['memory', 'boot', 'boot device', 'cdrom', 'interface', 'interfaces'];

/** Each machine with all that it has. A parent stands before its instances, as vmd wants it. */
export function withInherited(vms: readonly VmStatement[]): { vms: VmStatement[]; errors: Problem[] } {
  const known = new Map<string, VmStatement>();
  const errors: Problem[] = [];
  for (const vm of vms) {
    const { file, line, name } = vm;
    if (known.has(name)) errors.push({ file, line, text: `the machine "${name}" is there twice` });
    const parent = vm.parent === undefined ? undefined : known.get(vm.parent);
    if (vm.parent !== undefined && !parent)
      errors.push({ file, line, text: `"${name}" is an instance of "${vm.parent}", which is not there before it` });
    known.set(name, parent ? { ...vm, clauses: merged(parent.clauses, vm.clauses) } : vm);
  }
  return { vms: [...known.values()], errors };
}

function merged(parent: readonly VmClause[], own: readonly VmClause[]): VmClause[] {
  const kept = parent.filter(({ word }) => inherited.includes(word) && !own.some((clause) => clause.word === word));
  return [...kept.map(withoutOwnOfCard), ...own];
}

function withoutOwnOfCard(clause: VmClause): VmClause {
  if (clause.word !== 'interface') return clause;
  const { name: _, ...rest } = clause;
  return { ...rest, clauses: rest.clauses.map(withoutAddress) };
}

function withoutAddress(clause: CardClause): CardClause {
  if (clause.word !== 'lladdr') return clause;
  const { address: _, ...rest } = clause;
  return rest;
}
