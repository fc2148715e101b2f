/**
 * Machines of which another server was told that it may let them go on, and of which nobody has heard whether it did. They
 * stand still here, across restarts of the daemon and the host, until somebody has looked.
 */
import type { House } from '../house.ts';
import type { InstanceDoc } from '../model.ts';
import { instanceUrl } from './find.ts';

const kind = 'A virtual machine may run on another server';

export async function warnHandedOver(
  house: Pick<House, 'events' | 'warnings'>,
  doc: Pick<InstanceDoc, 'name' | 'project'>,
): Promise<void> {
  const { name, project } = doc;
  const message =
    `${name} was handed over to another server, which has not said whether it runs there. Look there: if it runs, delete it ` +
    `here; only if it does not: gast resume ${name}`;
  house.events.logging('warning', message, { instance: name });
  await house.warnings.raise({ kind, entity: instanceUrl(doc), project, severity: 'high', message });
}

/** Somebody has decided where it goes on. */
export async function handOverSettled(
  house: Pick<House, 'warnings'>,
  doc: Pick<InstanceDoc, 'name' | 'project'>,
): Promise<void> {
  await house.warnings.resolve(kind, instanceUrl(doc));
}
