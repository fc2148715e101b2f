/** Whether a guest that is said to run does so. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Client } from '../../../src/client/client.ts';
import { change, params } from './requests.ts';

type Look = (client: Client, name: string, pid: number) => Promise<void>;

const looks: Record<'container' | 'virtual-machine', Look> = {
  async container(client, name, pid) {
    assert.match(readFileSync(`/proc/${pid}/cmdline`, 'latin1'), /init/);
    const answer = await client.raw('GET /1.0/instances/{name}/files', {
      ...params(name),
      query: { path: '/etc/hostname' },
    });
    answer.setEncoding('utf8');
    let text = '';
    for await (const chunk of answer) text += chunk;
    assert.equal(text.trim(), name);
  },
  /** Its QEMU does what it is told. Whether the system in it comes up takes seconds, and is looked at elsewhere. */
  async 'virtual-machine'(client, name, pid) {
    assert.match(readFileSync(`/proc/${pid}/cmdline`, 'latin1'), /^qemu-system/);
    await change(client, name, 'freeze');
    assert.equal((await client.call('GET /1.0/instances/{name}', params(name))).status, 'Frozen');
    await change(client, name, 'unfreeze');
  },
};

export async function assertRuns(client: Client, name: string): Promise<void> {
  const { type } = await client.call('GET /1.0/instances/{name}', params(name));
  const { pid } = await stateOf(client, name);
  await looks[type as keyof typeof looks](client, name, pid);
}

export const stateOf = (client: Client, name: string) => client.call('GET /1.0/instances/{name}/state', params(name));
