/** `doctor`: checks that try instead of comparing version numbers (B09, F14), each with what was found and what helps. */
import type { Check } from '../../api/resources/server.ts';
import { formatBytes } from '../../lib/units.ts';
import type { House } from '../house.ts';

type Needs = Pick<House, 'engines' | 'networks' | 'drivers' | 'pools' | 'brokenPools' | 'facts' | 'hostChecks'>;

export async function doctor(house: Needs): Promise<Check[]> {
  const groups = await Promise.all([
    engineChecks(house),
    emulationCheck(house),
    networkCheck(house),
    driverChecks(house),
    poolChecks(house),
    house.hostChecks(),
  ]);
  return groups.flat();
}

/** Slow machines are machines: it is said, and nothing more. */
async function emulationCheck({ engines, facts: { emulation, acceleration } }: Needs): Promise<Check[]> {
  if ((await engines['virtual-machine'].unusable()) !== undefined) return [];
  const name = 'speed of machines';
  return [
    emulation
      ? { name, status: 'warning', found: emulation.reason, help: emulation.help }
      : ok(name, acceleration ?? 'as fast as the engine can'),
  ];
}

const ok = (name: string, found: string): Check => ({ name, status: 'ok', found, help: '' });

/** A host without virtual machines is a whole one. */
const kinds = {
  container: { name: 'containers', status: 'failed' },
  'virtual-machine': { name: 'virtual machines', status: 'warning' },
} as const;

function engineChecks(house: Needs): Promise<Check[]> {
  return Promise.all(
    Object.values(house.engines).map(async (engine) => {
      const { name, status } = kinds[engine.type];
      const reason = await engine.unusable();
      return reason
        ? { name, status, found: reason, help: 'install or repair what is named' }
        : ok(name, `${engine.driver.name} ${engine.driver.version} starts guests`);
    }),
  );
}

async function networkCheck(house: Needs): Promise<Check[]> {
  const reason = await house.networks.unusable();
  return [
    reason
      ? { name: 'networks', status: 'failed', found: reason, help: 'install or repair what is named' }
      : ok('networks', 'bridges, addresses, filters and DHCP work'),
  ];
}

function driverChecks(house: Needs): Promise<Check[]> {
  return Promise.all(
    house.drivers.map(async (driver) => {
      const reason = await driver.unusable();
      const name = `storage driver ${driver.name}`;
      return reason
        ? ({ name, status: 'warning', found: reason, help: 'choose another driver, or repair what is named' } as const)
        : ok(name, `version ${driver.version}`);
    }),
  );
}

async function poolChecks(house: Needs): Promise<Check[]> {
  const opened = [...house.pools].map(async ([name, pool]): Promise<Check> => {
    const space = await pool.space();
    const free = space.totalBytes - space.usedBytes;
    const found = `${formatBytes(free)} of ${formatBytes(space.totalBytes)} free`;
    const full = free < space.totalBytes * 0.05;
    return full
      ? {
          name: `storage pool ${name}`,
          status: 'warning',
          found,
          help: 'delete guests, snapshots or images that are not needed',
        }
      : ok(`storage pool ${name}`, found);
  });
  const broken = [...house.brokenPools].map(
    ([name, found]): Check => ({
      name: `storage pool ${name}`,
      status: 'failed',
      found,
      help: 'repair what is named and restart gasthofd',
    }),
  );
  return [...(await Promise.all(opened)), ...broken];
}
