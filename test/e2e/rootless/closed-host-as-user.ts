/** Run by rootless-closed-host.test.ts as an ordinary user: a guest asks everywhere for the host's server. */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { importImage, startDaemon } from '../../daemon.ts';
import { sureGast } from '../gast.ts';

const [, , later = ''] = process.argv;
await using daemon = await startDaemon();
await importImage(daemon, 'busybox', 'bb');
const gast = sureGast(daemon.env);
await gast('launch', 'bb', 'web');
// busybox's wget, linked statically, breaks off where it looks for names.
const ask = (address: string) =>
  gast(
    'exec',
    'web',
    '--',
    'sh',
    '-c',
    `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 5 nc ${address} 8088 | tail -n 1 | grep . || echo nothing`,
  );
const [bridge = ''] = (await gast('network', 'list', '-f', 'csv')).split(',');
const seen: Record<string, string> = { subnet: await gast('network', 'get', bridge, 'ipv4.address') };
const asked = ['192.0.2.1', '192.0.2.2', '198.51.100.5', '2001:db8:5::5', '127.0.0.1'].map(async (address) => {
  seen[address] = await ask(address);
});
await Promise.all(asked);

process.stdout.write('new address, please\n');
await once(process.stdin, 'data');
process.stdin.destroy();
const deadline = Date.now() + 20_000;
do seen[later] = await ask(later);
while (seen[later] !== 'nothing' && Date.now() < deadline && (await setTimeout(200, true)));
process.stdout.write(`${JSON.stringify(seen)}\n`);
