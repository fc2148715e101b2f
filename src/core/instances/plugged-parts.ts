/** The parts of a guest of either kind: those of containers are mounts and nodes, those of machines disks and what else they have. */
import type { DevicesMap, InstanceDoc } from '../model.ts';
import type { Engine, GuestPart } from '../ports/engine.ts';
import type { MachinePart, MachineParts } from '../ports/machine-parts.ts';
import { deviceParts } from './devices.ts';
import { type MachinePartNeeds, machineParts } from './machine-parts.ts';

export type Part = GuestPart | MachinePart;

const isOfContainer = (part: Part): part is GuestPart => 'mount' in part || 'node' in part;

export async function wantedParts(house: MachinePartNeeds, doc: InstanceDoc, devices: DevicesMap): Promise<Part[]> {
  return doc.type === 'container'
    ? deviceParts(house, doc.project, devices)
    : asStored(await machineParts(house, doc, devices));
}

/** As they come back from the engine: without what is undefined. */
const asStored = <T>(parts: T): T => JSON.parse(JSON.stringify(parts)) as T;

export const presentParts = (engine: Engine, id: string): Promise<Part[]> =>
  engine.machineParts ? engine.machineParts.list(id) : engine.parts(id);

export const addPart = (engine: Engine, id: string, part: Part): Promise<void> =>
  isOfContainer(part) ? engine.addPart(id, part) : machine(engine).add(id, part);

export const removePart = (engine: Engine, id: string, part: Part): Promise<void> =>
  isOfContainer(part) ? engine.removePart(id, part.id) : machine(engine).remove(id, part.id);

function machine(engine: Engine): MachineParts {
  if (!engine.machineParts) throw new Error(`the engine of ${engine.type}s has no parts of machines`);
  return engine.machineParts;
}
