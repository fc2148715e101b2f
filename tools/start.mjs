/**
 * `npm start`: from a clean clone to a running guest. Installs what is missing, builds, starts the daemon, launches the
 * first guest, and says what to type next. As root for the whole computer, as anybody else for that user alone, who installs
 * no packages but says which are missing. Runs on Node 20 and changes nothing where all is there.
 */
import { ensureBundles } from './setup/bundles.mjs';
import { daemonIsOutdated, ensureDaemon } from './setup/daemon.mjs';
import { ensureDebianPackages } from './setup/debian-packages.mjs';
import { ensureDependencies } from './setup/dependencies.mjs';
import { ensureFirstGuest, guestName } from './setup/first-guest.mjs';
import { daemonLog, isRoot, socketPath } from './setup/places.mjs';
import { main } from './setup/progress.mjs';

await main(async () => {
  await ensureDebianPackages();
  await ensureDependencies();
  await ensureBundles();
  const started = await ensureDaemon();
  const { address, system, state } = await ensureFirstGuest();
  if (!started && daemonIsOutdated())
    process.stdout.write('\nA newer gasthofd has been built; guests run on through: npm stop && npm start\n');
  process.stdout.write(`
Gasthof is running (socket ${socketPath}, log ${daemonLog}).

  ${guestName} has the address ${address}
  $ bin/gast exec ${guestName} -- systemctl is-system-running
  ${state}      (${system})

What to type next:
  bin/gast shell ${guestName}              a shell inside
  bin/gast launch debian/12 web     another guest
  bin/gast list                     all guests
  bin/gast --help                   everything else
  npm stop                          ends the daemon; guests run on
${isRoot ? '' : '  bin/gast autostart enable         your daemon and its guests start with this computer\n'}`);
});
