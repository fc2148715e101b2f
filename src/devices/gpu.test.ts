import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { listDrmCards } from '../host/drm-cards.ts';
import { createGpu } from './gpu.ts';

/** A host with two cards: an Intel one with a render node, and an NVIDIA one. */
function madeUpSys() {
  const sys = mkdtempSync(join(tmpdir(), 'gasthof-sys-'));
  mkdirSync(join(sys, 'class/drm'), { recursive: true });
  const card = (pci: string, ids: [string, string], nodes: Record<string, string>) => {
    const device = join(sys, 'devices', pci);
    for (const [name, number] of Object.entries(nodes)) {
      mkdirSync(join(device, 'drm', name), { recursive: true });
      writeFileSync(join(device, 'drm', name, 'dev'), `${number}\n`);
      symlinkSync(`../..`, join(device, 'drm', name, 'device'));
      symlinkSync(`../../devices/${pci}/drm/${name}`, join(sys, 'class/drm', name));
    }
    mkdirSync(join(device, 'drm/card0-HDMI-A-1'), { recursive: true });
    writeFileSync(join(device, 'vendor'), `0x${ids[0]}\n`);
    writeFileSync(join(device, 'device'), `0x${ids[1]}\n`);
  };
  card('0000:00:02.0', ['8086', '3ea0'], { card0: '226:0', renderD128: '226:128' });
  card('0000:01:00.0', ['10de', '1eb8'], { card1: '226:1' });
  return { sys, [Symbol.dispose]: () => rmSync(sys, { recursive: true }) };
}

const noVolumes = () => assert.fail('a graphics card asked for a volume');

test('graphics cards are found by number, address and ids, with all their nodes', () => {
  using host = madeUpSys();
  const gpu = createGpu(() => listDrmCards(host.sys));
  const paths = (config: Record<string, string>) =>
    (gpu.parts?.(config, 'gpu0', noVolumes) ?? []).map((part) => ('node' in part ? part.node.path : ''));
  assert.deepEqual(paths({}), ['/dev/dri/card0', '/dev/dri/renderD128', '/dev/dri/card1']);
  assert.deepEqual(paths({ id: '1' }), ['/dev/dri/card1']);
  assert.deepEqual(paths({ pci: '00:02.0' }), ['/dev/dri/card0', '/dev/dri/renderD128']);
  assert.deepEqual(paths({ vendorid: '10DE', productid: '1eb8' }), ['/dev/dri/card1']);
  assert.throws(() => paths({ vendorid: '1002' }), /none that fits/);
  assert.throws(() => createGpu(() => listDrmCards('/nowhere')).parts?.({}, 'gpu0', noVolumes), /none that fits/);
});

test('nodes have the numbers of the host, and owner and mode of the config', () => {
  using host = madeUpSys();
  const [part] =
    createGpu(() => listDrmCards(host.sys)).parts?.({ id: '0', gid: '44', mode: '0640' }, 'g', noVolumes) ?? [];
  assert.deepEqual(part, {
    id: 'g/card0',
    node: {
      kind: 'char',
      path: '/dev/dri/card0',
      number: { major: 226, minor: 0 },
      mode: 0o640,
      gid: 44,
      optional: false,
    },
  });
});

test('keys of a graphics card that exclude each other or make no sense are refused', () => {
  const { invalid } = createGpu(() => []);
  assert.match(invalid?.({ id: '0', pci: '0000:00:02.0' }, 'g') ?? '', /Cannot use/);
  assert.match(invalid?.({ pci: '../../etc' }, 'g') ?? '', /is not an address/);
  assert.match(invalid?.({ vendorid: 'x' }, 'g') ?? '', /hexadecimal/);
  assert.equal(invalid?.({ vendorid: '8086', productid: '3ea0' }, 'g'), undefined);
});
