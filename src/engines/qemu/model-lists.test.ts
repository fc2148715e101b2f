/** Lists of boards and processors as two versions of QEMU print them, and what is said of those that are not there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuRefusal, parseCpus, parseTypes, typeRefusal } from './model-lists.ts';

const machineHelp = `Supported machines are:
microvm              microvm (i386)
pc                   Standard PC (i440FX + PIIX, 1996) (alias of pc-i440fx-7.2)
pc-i440fx-7.2        Standard PC (i440FX + PIIX, 1996) (default)
q35                  Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-7.2)
pc-q35-7.2           Standard PC (Q35 + ICH9, 2009)
pc-q35-7.1           Standard PC (Q35 + ICH9, 2009)
none                 empty machine
`;

const cpuHelp = {
  '7.2': `Available CPUs:
x86 Nehalem               (alias configured by machine type)
x86 host                  processor with all supported host features
x86 qemu64-v1             QEMU Virtual CPU version 2.5+

Recognized CPUID flags:
  3dnow 3dnowext aes avx
  vmx xsave
`,
  '10.0': `Available CPUs:
  Nehalem               (alias configured by machine type)
  host                  processor with all supported host features
  qemu64-v1             QEMU Virtual CPU version 2.5+

Recognized CPUID flags:
  3dnow 3dnowext aes avx
  vmx xsave
`,
};

test('parseTypes: names with what they stand for (M07)', () => {
  const types = parseTypes(machineHelp);
  assert.deepEqual(
    types.find(({ name }) => name === 'q35'),
    { name: 'q35', alias: 'pc-q35-7.2' },
  );
  assert.equal(types.length, 7);
});

test('typeRefusal: boards that machines are made for, near ones named', () => {
  const lists = { types: parseTypes(machineHelp) };
  assert.equal(typeRefusal('pc-q35-7.1', lists), undefined);
  assert.match(typeRefusal('q35', lists) ?? '', /has pc-q35-7/, 'its meaning changes with the next QEMU');
  assert.match(
    typeRefusal('pc-q35-9.9', lists) ?? '',
    /no machine type "pc-q35-9\.9"; it has pc-q35-7\.[12], pc-q35-7/,
  );
  assert.match(typeRefusal('pc-i440fx-7.2', lists) ?? '', /no machine type/);
});

for (const [version, help] of Object.entries(cpuHelp))
  test(`cpuRefusal: models and flags as QEMU ${version} lists them`, () => {
    const lists = parseCpus(help);
    assert.deepEqual(lists.cpus, ['Nehalem', 'host', 'qemu64-v1']);
    assert.equal(cpuRefusal('Nehalem,+aes,-vmx', lists, false), undefined);
    assert.match(cpuRefusal('Nehalen', lists, false) ?? '', /no CPU model "Nehalen"; it has Nehalem/);
    assert.match(cpuRefusal('Nehalem,+aess', lists, false) ?? '', /no CPU flag "aess"; it has aes/);
    assert.match(cpuRefusal('Nehalem,kvm=off', lists, false) ?? '', /no change of a CPU/);
    assert.match(cpuRefusal('host', lists, false) ?? '', /needs KVM/);
    assert.equal(cpuRefusal('host', lists, true), undefined);
  });
