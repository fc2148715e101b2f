import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type VideoDevice, videoDevices } from '../../../core/ports/machine-screen.ts';
import { display } from './display.ts';
import type { MachineSpec, Rendering } from './spec.ts';

const words = (device: VideoDevice | undefined, spice = true) => {
  const screen = device && { screen: { device, size: { width: 1280, height: 720 } } };
  const machine = { disks: [], boot: { kind: 'firmware' }, ...screen };
  return display({ machine } as unknown as MachineSpec, { spice } as Rendering).join(' ');
};

test('every video device starts with its size, at a place of its own (M01)', () => {
  for (const device of videoDevices)
    assert.match(words(device), /^-device \S+,id=screen,bus=pcie\.0,addr=0x1e,xres=1280,yres=720 /, device);
});

test('nothing listens, with SPICE and without its module', () => {
  for (const spice of [true, false]) {
    const line = words('virtio', spice);
    assert.match(line, /-vnc none,share=ignore/);
    assert.equal(/-spice port=0,/.test(line), spice);
    assert.equal(/spicevmc/.test(line), spice);
    assert.doesNotMatch(line, /(unix:|addr=\/|tls-port|websocket|port=[1-9])/);
  }
});

test('a machine without a screen has nothing of it', () => assert.equal(words(undefined), ''));
