/** Opens the HTTPS door where the config says. An address that is not there yet, or is taken, is no reason not to start. */
import type { House } from '../core/house.ts';
import { serverConfig } from '../core/server/config.ts';
import type { Log } from './log.ts';

type Needs = Pick<House, 'documents' | 'https' | 'events' | 'clock' | 'warnings'>;

/** An address may come later than the daemon: with DHCP, with another program that ends. */
const againMs = 10_000;
const kind = 'HTTPS is not served';

export async function openDoor(house: Needs, log: Log, stopping: AbortSignal): Promise<void> {
  try {
    await open(house);
    await house.warnings.resolve(kind);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    house.events.logging('warning', `${kind}: ${message}; it is tried again`);
    await house.warnings.raise({ kind, severity: 'high', message });
    tryAgain(house, stopping).catch((bug: unknown) => log('error', 'opening the HTTPS door', bug));
  }
}

/** Does nothing when it is open, perhaps by a change of the config meanwhile, or is not to be. */
async function open(house: Needs): Promise<void> {
  const address = serverConfig(house)['core.https_address'];
  if (address && house.https.address === undefined) await house.https.move(address);
}

async function tryAgain(house: Needs, stopping: AbortSignal): Promise<void> {
  const succeeded = () =>
    open(house).then(
      () => true,
      () => false,
    );
  do {
    // It rejects when the daemon ends.
    const waited = await house.clock.sleep(againMs, stopping).then(
      () => true,
      () => false,
    );
    if (!waited) return;
  } while (!(await succeeded()));
  await house.warnings.resolve(kind);
  if (house.https.address) house.events.logging('info', `HTTPS is served at ${house.https.address}`);
}
