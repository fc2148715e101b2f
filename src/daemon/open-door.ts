/** Opens the HTTPS door where the config says. An address that is not there yet, or is taken, is no reason not to start. */
import type { House } from '../core/house.ts';
import { serverConfig } from '../core/server/config.ts';
import type { Log } from './log.ts';

/** An address may come later than the daemon: with DHCP, with another program that ends. */
const againMs = 10_000;

export async function openDoor(
  house: Pick<House, 'documents' | 'https' | 'events' | 'clock'>,
  log: Log,
  stopping: AbortSignal,
): Promise<void> {
  const configured = () => serverConfig(house)['core.https_address'] || undefined;
  const open = async () => {
    const address = configured();
    if (address !== undefined && house.https.address === undefined) await house.https.move(address);
  };
  try {
    await open();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    house.events.logging('warning', `HTTPS is not served: ${reason}; it is tried again`);
    tryAgain(house, open, stopping).catch((bug: unknown) => log('error', 'opening the HTTPS door', bug));
  }
}

async function tryAgain(house: Pick<House, 'clock' | 'events'>, open: () => Promise<void>, stopping: AbortSignal) {
  while (!stopping.aborted) {
    try {
      await house.clock.sleep(againMs, stopping);
      await open();
      house.events.logging('info', 'HTTPS is served now');
      return;
    } catch {
      // Not yet, or the daemon ends.
    }
  }
}
