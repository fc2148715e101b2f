/** Devices of machines in memory: what was put in is there until it is taken out. */
import type { MachinePart, MachineParts } from '../../src/core/ports/machine-parts.ts';

/** `check` throws for a machine that does not run; `first` are the devices that it was made with. */
export function createFakeMachineParts(
  check: (id: string) => { parts: readonly MachinePart[]; cards: readonly string[] },
): MachineParts {
  const changed = new Map<string, MachinePart[]>();
  const cards = new Map<string, string[]>();
  const partsOf = (id: string) => changed.get(id) ?? [...check(id).parts];
  const cardsOf = (id: string) => cards.get(id) ?? [...check(id).cards];
  return {
    async add(id, part) {
      changed.set(id, [...partsOf(id), structuredClone(part)]);
    },
    async remove(id, name) {
      changed.set(
        id,
        partsOf(id).filter((part) => part.id !== name),
      );
    },
    list: async (id) => structuredClone(partsOf(id)),
    async addCard(id, { name }) {
      cards.set(id, [...cardsOf(id), name]);
    },
    async removeCard(id, name) {
      cards.set(
        id,
        cardsOf(id).filter((card) => card !== name),
      );
    },
    cards: async (id) => cardsOf(id),
    resize: async (id) => void check(id),
  };
}
