/**
 * Run by rootless-incus.test.ts as an ordinary user: takes images, guests and volumes of root's Incus in, starts the guests,
 * and gives all back. Says what it saw as JSON.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon } from '../../daemon.ts';
import { foreignClients } from '../foreign/clients.ts';
import { joinServer } from '../foreign/joined.ts';
import { lookAtOurs } from '../foreign/looked-up.ts';

export type Seen = Record<string, { image?: string | undefined; files: Record<string, unknown>; note: string }>;

const [, , folder = '', address = '', token = ''] = process.argv;
await using daemon = await startDaemon();
using clients = foreignClients(daemon);
const { incus } = clients;
const ours = lookAtOurs(daemon.directory);
await joinServer(incus, 'g', join(daemon.directory, 'unix.socket'));
await incus.run(['remote', 'add', 'i', `https://${address}`, '--accept-certificate', '--token', token]);
const seen: Seen = {};

async function look(guest: string, path?: string) {
  const files = ours.files.state(path ?? (await ours.at(guest, 'sample')));
  await incus.run(['start', guest]);
  const note = await incus.run(['exec', guest, '--', 'cat', '/note']);
  await incus.run(['stop', '-f', guest]);
  return { files, note };
}

for (const mode of ['pull', 'push', 'relay']) {
  await incus.run(['image', 'copy', 'i:bb', 'g:', '--alias', mode, '--mode', mode]);
  const [image] = await ours.get<{ fingerprint: string }[]>('/1.0/images?recursion=1');
  await incus.run(['image', 'delete', `g:${mode}`]);
  await incus.run(['copy', 'i:c1', `g:${mode}`, '--mode', mode]);
  seen[mode] = { image: image?.fingerprint, ...(await look(mode)) };
  await incus.run(['copy', `g:${mode}`, `i:back-${mode}`, '--mode', mode]);
  await incus.run(['snapshot', 'restore', mode, 's0']);
  seen[`the snapshot, ${mode}`] = await look(mode);
  const volume = (from: string, to: string) => incus.run(['storage', 'volume', 'copy', from, to, '--mode', mode]);
  const path = await ours.newVolume(() => volume('i:default/data', `g:default/${mode}`));
  seen[`the volume, ${mode}`] = { files: ours.files.state(path), note: '' };
  await volume(`g:default/${mode}`, `i:default/back-${mode}`);
}
// It keeps the UUID that it had over there: where it lies on disk cannot be told from that.
const volumes = join(daemon.directory, 'pools/default/volumes');
const before = readdirSync(volumes);
await incus.run(['import', join(folder, 'from-incus.tar.gz'), 'imported']);
const [made = ''] = readdirSync(volumes).filter((id) => !before.includes(id));
seen['the export'] = await look('imported', join(volumes, made, 'upper/sample'));
await incus.run(['export', 'imported', join(folder, 'from-user.tar.gz')]);
process.stdout.write(JSON.stringify(seen));
