/** Screens of machines at the engine: sizes by video device, pictures, keys, viewers (M01, M03-M06, M09). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { MachineScreen, VideoDevice } from '../../src/core/ports/machine-screen.ts';
import { qcodes } from '../../src/lib/keyboard.ts';
import { readPng } from '../machines/png.ts';
import { screenMachine } from '../machines/screen-machine.ts';
import { typedKeys } from '../machines/typed-keys.ts';
import { eventually } from './engine-lab.ts';
import { lacking, machineSpec, openQemuLab, type QemuLab } from './qemu-lab.ts';

/** Emulated, on a machine that has other work. */
const bootMs = 120_000;
const sizes: Record<VideoDevice, [number, number]> = { virtio: [1024, 768], std: [1152, 864], qxl: [1152, 864] };

async function boot(lab: QemuLab, id: string, screen?: MachineScreen) {
  const { kernel, initrd, append } = screenMachine;
  const machine = { disks: [], boot: { kind: 'kernel', kernel, initrd, append } as const };
  await lab.engine.create(
    machineSpec(id, {
      limits: { memoryBytes: 256 * 2 ** 20 },
      machine: { ...machine, ...(screen ? { screen } : {}) },
    }),
  );
  await lab.engine.start(id);
}

const tells = (lab: QemuLab, id: string, what: RegExp) =>
  eventually(`${id} tells ${what}`, async () => what.test(String(await lab.engine.consoleLog(id))), bootMs);

/** How an EDID says the size of its first mode: the low bytes, and the high ones in half a byte each. */
function monitorOf([width, height]: readonly [number, number]): RegExp {
  const hex = (value: number) => value.toString(16).padStart(2, '0');
  const half = (value: number) => (value >> 8).toString(16);
  return new RegExp(`monitor ....${hex(width & 255)}..${half(width)}.${hex(height & 255)}..${half(height)}`);
}

for (const device of ['virtio', 'std', 'qxl'] as const)
  test(`a screen of ${device}: its size at the start and while it runs, its picture`, {
    skip: lacking(),
    timeout: 240_000,
  }, async () => {
    await using lab = await openQemuLab();
    const { screens } = lab.engine;
    assert.ok(screens);
    const id = '0123456789ab';
    const [width, height] = sizes[device];
    await boot(lab, id, { device, size: { width, height } });
    await tells(lab, id, /^ready after/m);
    await tells(lab, id, new RegExp(`^screen ${width},${height} `, 'm'));
    const { size, isBlack } = readPng(await screens.picture(id));
    assert.deepEqual({ size, isBlack }, { size: `${width}x${height}`, isBlack: false });

    const larger = await screens.resize(id, { width: 1400, height: 900 });
    const same = { width, height };
    if (device !== 'virtio') {
      assert.deepEqual(larger, { refused: true, shown: same });
      return;
    }
    // A text console cannot grow beyond what it started with; the monitor has the size all the same.
    assert.deepEqual(larger, { refused: false, shown: same });
    await tells(lab, id, monitorOf([1400, 900]));
    assert.deepEqual(await screens.resize(id, { width: 800, height: 600 }), {
      refused: false,
      shown: { width: 800, height: 600 },
    });
    assert.equal(readPng(await screens.picture(id)).size, '800x600');
    await tells(lab, id, monitorOf([800, 600]));

    await screens.press(id, [['a'], ['7'], ['ret']]);
    const typed = async () => typedKeys(String(await lab.engine.consoleLog(id)));
    await eventually('the keys arrive', async () => (await typed()) === 'a 7 enter', bootMs);
  });

test('viewers come and go, several at once; QEMU listens to nobody', {
  skip: lacking(),
  timeout: 240_000,
}, async () => {
  await using lab = await openQemuLab();
  const { screens } = lab.engine;
  assert.ok(screens);
  const id = '0123456789ab';
  await boot(lab, id, { device: 'virtio', size: { width: 640, height: 480 } });
  assert.equal(await screens.missing(id, 'vnc'), undefined);
  assert.equal(await screens.missing(id, 'spice'), undefined);
  const first = await screens.open(id, 'vnc');
  const second = await screens.open(id, 'vnc');
  for (const viewer of [first, second]) assert.match(String((await once(viewer, 'data'))[0]), /^RFB 003\.008\n/);
  first.destroy();
  second.write('RFB 003.008\n');
  assert.deepEqual([...((await once(second, 'data'))[0] as Buffer)], [1, 1]);
  const spice = await screens.open(id, 'spice');
  spice.write(Buffer.from('524544510200000002000000120000000000000001000000000000000000' + '000012000000', 'hex'));
  assert.equal(String(((await once(spice, 'data'))[0] as Buffer).subarray(0, 4)), 'REDQ');
  await lab.engine.remove(id);
  await eventually('viewers hear of the end', () => second.closed || second.readableEnded, bootMs);
});

test('every key that we know is one that QEMU knows (M09)', { skip: lacking(), timeout: 240_000 }, async () => {
  await using lab = await openQemuLab();
  const id = '0123456789ab';
  await boot(lab, id);
  const names = [...qcodes];
  for (let at = 0; at < names.length; at += 8) await lab.engine.screens?.press(id, [names.slice(at, at + 8)]);
  await assert.rejects(async () => lab.engine.screens?.press(id, [['f25']]), /does not accept value/);
});

test('a machine without a screen says so', { skip: lacking(), timeout: 240_000 }, async () => {
  await using lab = await openQemuLab();
  const { screens } = lab.engine;
  assert.ok(screens);
  const id = '0123456789ab';
  await boot(lab, id);
  for (const protocol of ['vnc', 'spice'] as const) {
    assert.match((await screens.missing(id, protocol)) ?? '', /without a screen/);
    await assert.rejects(screens.open(id, protocol), /without a screen/);
  }
  await assert.rejects(screens.picture(id), /without a screen/);
});
