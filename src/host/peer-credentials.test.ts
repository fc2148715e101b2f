import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { descriptorOf, groupId, peerCredentials, userName } from './peer-credentials.ts';

test('peerCredentials tells process, user and groups of the other end', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'gasthof-peer-'));
  const server = createServer().listen(join(directory, 's'));
  await once(server, 'listening');
  const client = connect(join(directory, 's'));
  const [socket] = (await once(server, 'connection')) as [Socket];
  const fd = descriptorOf(socket);
  assert.ok(fd !== undefined);
  const peer = peerCredentials(fd);
  assert.equal(peer.pid, process.pid);
  assert.equal(peer.uid, process.getuid?.());
  assert.equal(peer.gid, process.getgid?.());
  // getgroups may name the effective group as well.
  for (const group of peer.groups) assert.ok(process.getgroups?.().includes(group));
  client.destroy();
  socket.destroy();
  assert.equal(descriptorOf(socket), undefined);
  server.close();
  await rm(directory, { recursive: true });
});

test('names and numbers of users and groups', () => {
  assert.equal(userName(0), 'root');
  assert.equal(userName(3_999_999_999), undefined);
  assert.equal(groupId('root'), 0);
  assert.equal(groupId('no-such-group'), undefined);
});
