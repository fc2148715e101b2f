/** Run by rootless-few-ids.test.ts as a user with 1000 subordinate ids. Says what it saw as JSON. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importImage, startDaemon } from '../../daemon.ts';
import { runGast } from '../gast.ts';

await using daemon = await startDaemon();
await importImage(daemon, 'busybox', 'bb');
const run = (...words: string[]) => runGast(daemon.env, words);
const inside = (line: string) => run('exec', 'few', '--', 'sh', '-c', line);
const scratch = mkdtempSync(join(tmpdir(), 'few-'));
const seen: Record<string, unknown> = {};
seen.launched = await run('launch', 'bb', 'few');
seen.info = (await run('info', 'few')).stdout;
seen.map = (await inside('cat /proc/self/uid_map')).stdout.trim().split(/\s+/).map(Number);
seen.nobody = (await inside('touch /root/x && chown 65534:65534 /root/x && stat -c %u:%g /root/x')).stdout.trim();
seen.pushed = (await run('file', 'push', '/etc/hostname', 'few/root/y', '--uid', '5000', '--gid', '0')).stderr;
mkdirSync(join(scratch, 'tree'));
writeFileSync(join(scratch, 'tree/file'), '');
writeFileSync(join(scratch, 'metadata.yaml'), 'architecture: x86_64\ncreation_date: 1\n');
const tar = (...words: string[]) => spawnSync('tar', ['-C', scratch, ...words]);
tar('-cf', `${scratch}/meta.tar`, '--owner=70', '--group=5000', 'metadata.yaml');
tar('-cf', `${scratch}/root.tar`, '--owner=5000', '--group=5000', 'tree');
seen.imported = (await run('image', 'import', `${scratch}/meta.tar`, `${scratch}/root.tar`)).stderr;
rmSync(scratch, { recursive: true });
process.stdout.write(JSON.stringify(seen));
