/**
 * Run by rootless-exchange.test.ts as an ordinary user: takes a guest of root's daemon in, changes it, gives it back. Says what
 * it saw as JSON.
 */
import { join } from 'node:path';
import { startDaemon } from '../../daemon.ts';
import { sureGast } from '../gast.ts';
import { ownersIn } from './owners.ts';

const [, , folder = ''] = process.argv;
await using daemon = await startDaemon();
const gast = sureGast(daemon.env);
await gast('import', join(folder, 'from-root.tar.gz'), 'taken');
await gast('start', 'taken');
const owners = await ownersIn(gast, 'taken');
const map = await gast('exec', 'taken', '--', 'cat', '/proc/self/uid_map');
await gast(
  'exec',
  'taken',
  '--',
  'sh',
  '-c',
  'echo user > /root/by-user; chown 77:88 /root/by-user; chmod 4755 /root/by-user',
);
await gast('export', 'taken', join(folder, 'from-user.tar.gz'));
process.stdout.write(JSON.stringify({ owners, map, snapshots: await gast('snapshot', 'list', 'taken', '-f', 'csv') }));
