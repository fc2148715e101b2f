/** Attempts of a guest's root to get out, in a guest alone and again with a second guest beside it (B06, B07, B11). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { lacking } from '../daemon.ts';
import { cgroupProbes, fileProbes, processProbes } from './isolation/escape-probes.ts';
import { openHouse } from './isolation/house.ts';
import { perl } from './isolation/inside.ts';
import { kernelProbes } from './isolation/kernel-probes.ts';
import { perlProgram, tryProbe } from './isolation/probe.ts';

const rooms = { kernel: kernelProbes, files: fileProbes, processes: processProbes, 'control groups': cgroupProbes };

test('nothing leads out of a guest', { skip: lacking() }, async (t) => {
  await using house = await openHouse();
  let checks = 0;
  const tryAll = (situation: string, guest: string) =>
    t.test(situation, async (t) => {
      for (const [room, probes] of Object.entries(rooms))
        for (const probe of probes) {
          checks += 1;
          await t.test(`${room}: ${probe.name}`, () => tryProbe(house.client, guest, probe, house.outside));
        }
    });
  await house.launch('alone', 'debian');
  await tryAll('a guest alone', 'alone');
  await house.launch('beside', 'busybox');
  await house.plantSecrets('beside');
  await tryAll('a second guest beside it', 'alone');
  await t.test('the system call for a halt ends the guest alone', async () => {
    checks += 1;
    const halt = "call('reboot', 0xfee1dead, 672274793, 0x4321fedc, 0); sleep 60";
    await perl(house.client, 'alone', perlProgram(halt, {})).catch(() => {});
    const status = async (name: string) =>
      (await house.client.call('GET /1.0/instances/{name}/state', { params: { name } })).status;
    for (let tries = 0; tries < 600 && (await status('alone')) !== 'Stopped'; tries += 1) await setTimeout(100);
    assert.deepEqual([await status('alone'), await status('beside')], ['Stopped', 'Running']);
  });
  t.diagnostic(`${checks} checks`);
});
