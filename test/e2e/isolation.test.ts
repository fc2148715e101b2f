/** Attempts of a guest's root to get out, in a guest alone and again with a second guest beside it (B06, B07, B11). */
import { test } from 'node:test';
import { lacking } from '../daemon.ts';
import { cgroupProbes, fileProbes, processProbes } from './isolation/escape-probes.ts';
import { openHouse } from './isolation/house.ts';
import { kernelProbes } from './isolation/kernel-probes.ts';
import { tryProbe } from './isolation/probe.ts';

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
  t.diagnostic(`${checks} checks`);
});
