/** What `doctor` finds when the daemon starts becomes warnings; what it finds well resolves those of earlier starts. */
import type { Check } from '../../api/resources/server.ts';
import type { House } from '../house.ts';
import { doctor } from '../server/doctor.ts';

type Needs = Parameters<typeof doctor>[0] & Pick<House, 'warnings'>;

const severities = { warning: 'low', failed: 'high' } as const;

export async function warnAtStart(house: Needs): Promise<void> {
  for (const check of await doctor(house)) await settle(house, check);
}

function settle({ warnings }: Pick<House, 'warnings'>, { name, status, found, help }: Check): Promise<void> {
  const kind = `Check failed: ${name}`;
  if (status === 'ok') return warnings.resolve(kind);
  return warnings.raise({ kind, severity: severities[status], message: help ? `${found} (${help})` : found });
}
