import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseAccelerator } from './accelerator.ts';

const intel = 'processor\t: 0\nflags\t\t: fpu vme vmx ssse3\n';
const nested = 'processor\t: 0\nflags\t\t: fpu vme ssse3 hypervisor\n';

test('a device that opens and a CPU that can: KVM', () => {
  assert.deepEqual(chooseAccelerator({ architecture: 'x64', cpuinfo: intel, canOpenKvm: true }), {
    accelerator: 'kvm',
  });
});

test('a device that opens proves nothing on a CPU that cannot', () => {
  const chosen = chooseAccelerator({ architecture: 'x64', cpuinfo: nested, canOpenKvm: true });
  assert.equal(chosen.accelerator, 'tcg');
  assert.match(chosen.reason ?? '', /slow.*neither vmx nor svm/);
});

test('no device: emulated, whatever the CPU says', () => {
  const chosen = chooseAccelerator({ architecture: 'x64', cpuinfo: intel, canOpenKvm: false });
  assert.equal(chosen.accelerator, 'tcg');
  assert.match(chosen.reason ?? '', /\/dev\/kvm/);
});

test('an architecture whose CPUs have no such flag is judged by the device', () => {
  assert.equal(chooseAccelerator({ architecture: 'arm64', cpuinfo: '', canOpenKvm: true }).accelerator, 'kvm');
});
