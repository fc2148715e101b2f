/** Mistakes in a vm.conf: each is told with its line, all at once (P16). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { around, errorsOf, parsed } from './sample-conf.ts';
import { translate } from './translate.ts';

const wrong: [text: string, ...said: RegExp[]][] = [
  ['vm a {\n memry 1G\n}', /^vm\.conf:2: unknown word "memry" in a machine; did you mean "memory"\?$/],
  ['swich "x" {\n}', /:1: unknown word "swich" at the top of the file; did you mean "switch"/],
  ['kernel "/bsd"', /:1: unknown word "kernel"/],
  ['vm a {\n disk "/x" format vmdk\n}', /:2: unknown word "vmdk" as format of a disk; known are: raw, qcow2/],
  ['switch a {\n intrface b\n}', /:2: unknown word "intrface" in a switch; did you mean "interface"/],
  ['vm a {\n interface { swtich b }\n}', /:2: unknown word "swtich" in an interface; did you mean "switch"/],
  ['vm a {\n allow instance { colour }\n}', /:2: unknown word "colour" in "allow instance"/],
  ['vm a {\n boot device floppy\n}', /:2: unknown word "floppy" as boot device/],
  ['local prefx 10.0.0.0/8', /:1: unknown word "prefx" after "local"; did you mean "prefix"/],
  ['vm a {\n memory lots\n}', /:2: memory: "lots" is no size/],
  ['vm a {\n memory 10K\n}', /:2: memory: "10K" is less than one megabyte/],
  ['vm a {\n memory 1G\n memory 2G\n}', /:3: memory is said twice/],
  ['vm a {\n boot /a\n boot /b\n}', /:3: boot is said twice/],
  ['vm a {\n disk\n}', /:2: the path of the disk is missing: found the end of the line/],
  ['vm a {\n disk memory\n}', /:2: the path of the disk is missing: found "memory" \(quote it/],
  ['vm a {\n interfaces 9\n}', /:2: "9" is no number of interfaces: 0 to 4/],
  ['vm a {\n interface { lladdr nope }\n}', /:2: "nope" is no MAC address/],
  ['vm a {\n interface eth0\n}', /:2: "eth0" is no interface of vmd/],
  ['vm a {\n disable now\n}', /:2: "now" is too much here/],
  ['vm a {\n owner\n}', /:2: the owner is missing/],
  ['vm a\n', /:1: vm "a" needs a block/],
  ['\nvm a {\n memory 1G\n', /:2: the block of vm "a" is not closed/],
  ['vm "1a" {\n}', /:1: "1a" is no name of a machine/],
  ['vm a {\n}\nvm a {\n}', /:3: the machine "a" is there twice/],
  ['vm a.b {\n}\nvm a_b {\n}', /:3: the machines "a\.b" \(line 1\) and "a_b" would both be named a-b/],
  ['vm a instance b {\n}', /:1: "b" is an instance of "a", which is not there before it/],
  ['switch aa {\n interface b\n}\nswitch aa {\n interface b\n}', /:4: the switch "aa" is there twice/],
  ['switch "a name that is too long" {\n}', /:1: switch "a name that is too long" cannot be the name of a network/],
  ['vm a {\n disk $none\n}', /:2: macro "none" is not defined/],
  ['memory = 1', /:1: a macro cannot be named "memory"/],
  ['a-b = 1', /:1: "a-b" is no name of a macro/],
  ['a =\n', /:1: the macro "a" has no value/],
  ['vm a {\n disk "/x\n}\n', /:2: the quoted text has no end/],
  ['vm a {\n disk ./x\n}', /:2: unexpected "\."/],
  ['include memory', /:1: the file to include is missing: found "memory"/],
  ['socket woner x', /:1: "owner" is missing after "socket"/],
  ['staggered start parallel x delay 1', /:1: "x" is no number: how many start at once/],
  ['switch a {\n group work1\n}', /:2: "work1" is no interface group/],
  ['switch a {\n rdomain 256\n}', /:2: "256" is no routing domain/],
  ['switch a {\n locked\n}', /:2: "lladdr" is missing after "locked"/],
];
for (const [text, ...said] of wrong)
  test(`refused with its line: ${JSON.stringify(text)}`, async () => {
    const found = await errorsOf(text);
    for (const one of said)
      assert.ok(
        found.some((error) => one.test(error)),
        found.join('\n'),
      );
  });

test('all mistakes are told at once, each once', async () => {
  const found = await errorsOf(`vmm "x" {
  memory 1G
}
vm "a" {
  memry 1G
  disk $nowhere $neither
  owner joe
}
bogus word
vm "b" {
  cdrom
}
`);
  assert.deepEqual(
    found.map((error) => error.split(':')[1]),
    ['1', '5', '6', '9', '11'],
  );
});

test('no text makes the parser hang or fall', async () => {
  const pieces = [
    'vm',
    ' a ',
    '{',
    '}',
    '\n',
    '"',
    '\\',
    '$x',
    '=',
    '#',
    ',',
    'interface',
    'include "vm.conf"',
    '\0',
    'allow instance',
  ];
  let seed = 7;
  const next = () => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed;
  };
  for (let round = 0; round < 500; round++) {
    const text = Array.from({ length: next() % 30 }, () => pieces[next() % pieces.length]).join(' ');
    translate(await parsed(text), around);
  }
});
