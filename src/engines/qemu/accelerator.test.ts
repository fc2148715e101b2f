import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AcceleratorFacts, chooseAccelerator } from './accelerator.ts';

const intel = 'processor\t: 0\nflags\t\t: fpu vme vmx ssse3 popcnt ept\n';
const amd = 'processor\t: 0\nflags\t\t: fpu svm\n';
const nested = 'processor\t: 0\nflags\t\t: fpu vme ssse3 hypervisor\n';

const onPc = (cpuinfo: string, kvm: AcceleratorFacts['kvm']) =>
  chooseAccelerator({ architecture: 'x64', cpuinfo, kvm });
/** What is said where machines are emulated. */
function emulated(chosen: ReturnType<typeof onPc>): { reason: string; help: string } {
  assert.equal(chosen.accelerator, 'tcg');
  return chosen as { reason: string; help: string };
}

test('a device that opens and a CPU that can: KVM, with what the CPU helps (N03)', () => {
  assert.deepEqual(onPc(intel, 'open'), { accelerator: 'kvm', found: 'machines run by KVM, with nested page tables' });
  assert.match(JSON.stringify(onPc(amd, 'open')), /without nested page tables.*without popcnt/);
});

test('a device that opens proves nothing on a CPU that cannot', () => {
  const { reason, help } = emulated(onPc(nested, 'open'));
  assert.match(reason, /slow.*neither vmx nor svm/);
  assert.match(help, /nested virtualisation/);
});

test('no device, or one that is closed: emulated, and what helps (N02, N04)', () => {
  assert.match(emulated(onPc(intel, 'missing')).reason, /\/dev\/kvm is missing/);
  assert.match(emulated(onPc(intel, 'missing')).help, /modprobe kvm_intel/);
  assert.match(emulated(onPc(amd, 'missing')).help, /modprobe kvm_amd/);
  assert.match(emulated(onPc(intel, 'closed')).help, /usermod -aG kvm/);
});

test('an architecture whose CPUs have no such flag is judged by the device', () => {
  assert.equal(chooseAccelerator({ architecture: 'arm64', cpuinfo: '', kvm: 'open' }).accelerator, 'kvm');
});
