/** Run by rootless-isolated.test.ts as a user with three ranges of ids. Says what it saw as JSON. */
import { importImage, startDaemon } from '../../daemon.ts';
import { runGast, sureGast } from '../gast.ts';
import { makeOwnerFiles, ownersIn } from './owners.ts';

await using daemon = await startDaemon();
await importImage(daemon, 'busybox', 'bb');
const run = (...words: string[]) => runGast(daemon.env, words);
const gast = sureGast(daemon.env);
const isolated = ['--config', 'security.idmap.isolated=true'];
const mapOf = async (guest: string) => (await gast('exec', guest, '--', 'cat', '/proc/self/uid_map')).split(/\s+/);
const seen: Record<string, unknown> = {};

await gast('launch', 'bb', 'plain');
await gast('launch', 'bb', 'first', ...isolated);
await gast('launch', 'bb', 'second', ...isolated);
seen.maps = [await mapOf('plain'), await mapOf('first'), await mapOf('second')];
seen.third = (await run('launch', 'bb', 'third', ...isolated)).stderr;
await gast('exec', 'first', '--', 'sh', '-c', makeOwnerFiles);
seen.inside = await ownersIn(gast, 'first');
await gast('file', 'push', '/etc/hostname', 'first/root/pushed', '--uid', '7', '--gid', '8', '--mode', '0600');
seen.pushed = await gast('exec', 'first', '--', 'stat', '-c', '%u:%g %a', '/root/pushed');
await gast('exec', 'first', '--', 'rm', '-r', '/usr/share');

await gast('stop', '--force', 'first');
seen.stopped = await gast('file', 'pull', 'first/root/plain', '-');
await gast('config', 'set', 'first', 'security.idmap.isolated=false');
await gast('start', 'first');
seen.sharedMap = await mapOf('first');
seen.shared = await ownersIn(gast, 'first');
seen.removed = (await run('exec', 'first', '--', 'ls', '/usr/share')).code;
await gast('copy', 'first', 'copied');
await gast('start', 'copied');
seen.copied = await ownersIn(gast, 'copied');
process.stdout.write(JSON.stringify(seen));
