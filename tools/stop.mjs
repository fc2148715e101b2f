/** `npm stop`: ends the daemon of this GASTHOF_DIR. Guests run on. */
import { daemonPid, stopDaemon } from './setup/daemon.mjs';
import { gasthofDir } from './setup/places.mjs';
import { main } from './setup/progress.mjs';

await main(async () => {
  const pid = daemonPid();
  if (pid === undefined) return void process.stdout.write(`No gasthofd runs for ${gasthofDir}.\n`);
  await stopDaemon(pid);
  process.stdout.write(`gasthofd (pid ${pid}) has ended; guests run on.\n`);
});
