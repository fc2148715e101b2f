/** vm.conf, from text to plan: each word of vm.conf(5) (P09 to P16, W23). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan } from './plan.ts';
import { around, errorsOf, parsed } from './sample-conf.ts';
import { translate } from './translate.ts';

const plan = async (text: string, files?: Record<string, string>) => translate(await parsed(text, files), around);
const notes = (of: Plan) => of.notes.map(({ line, what }) => `${line}: ${what}`);
const machine = async (settings: string) => {
  const made = await plan(`switch "lan" {\n interface bridge0\n}\nvm "m" {\n${settings}\n}\n`);
  assert.deepEqual(made.errors, []);
  return { ...made.machines[0], notes: notes(made).filter((note) => !note.startsWith('2:')) };
};

test('the example of the manual page', async () => {
  const made = await plan(`# comment
ramdisk="/bsd.rd"
switch "uplink" {
	interface bridge0
}
vm "vm2.example.com" {
	memory 1G
	disk "/home/joe/vm2-disk.img"
	boot $ramdisk
	interface { switch "uplink" }
	owner joe
}
`);
  assert.deepEqual(made.errors, []);
  assert.deepEqual(made.networks, [{ file: 'vm.conf', line: 3, name: 'uplink', there: false }]);
  assert.partialDeepStrictEqual(made.machines, [
    {
      name: 'vm2-example-com',
      vmdName: 'vm2.example.com',
      line: 6,
      memoryBytes: 2 ** 30,
      disks: [{ path: '/home/joe/vm2-disk.img', line: 8 }],
      kernel: { path: '/bsd.rd', line: 9 },
      cards: [{ name: 'eth0', network: 'uplink' }],
      autostart: true,
      owner: 'joe',
    },
  ]);
  assert.deepEqual(notes(made), ['4: interface bridge0', '6: vm "vm2.example.com"']);
});

test('macros stand for text: paths in parts, several words, other quotes', async () => {
  const made = await plan(`dir = "/var/vm/"
much = 256M
card = 'interface { switch lan }'
switch lan { interface bridge1 }
vm a {
  disk $dir "a.qcow2" format qcow2
  memory $much
  $card
}
`);
  assert.deepEqual(made.errors, []);
  assert.partialDeepStrictEqual(made.machines, [
    {
      disks: [{ path: '/var/vm/a.qcow2', format: 'qcow2' }],
      memoryBytes: 2 ** 28,
      cards: [{ network: 'lan' }],
    },
  ]);
});

test('quotes keep blanks, hashes and macros; lines are joined by a backslash', async () => {
  const made = await plan(`a="x" # another
vm "m" { \\
  disk "/with blank/$a #1" \\
    format raw
  disk '/it is "so"'
  disk "/a\\"b\\ c" # $nothing in a comment, \\
    not even here
}
`);
  assert.deepEqual(made.errors, []);
  assert.deepEqual(
    made.machines[0]?.disks.map(({ path, line }) => [path, line]),
    [
      ['/with blank/$a #1', 3],
      ['/it is "so"', 5],
      ['/a"b c', 6],
    ],
  );
  assert.deepEqual(notes(made), ['1: warning']);
});

test('include: macros go in and come out, lines are those of each file, a circle is refused', async () => {
  const made = await plan('kernel="/k"\ninclude "one.conf"\nvm two {\n memory $small\n}', {
    'one.conf': 'small=64M\n\nvm one {\n boot $kernel\n}',
  });
  assert.deepEqual(made.errors, []);
  assert.deepEqual(
    made.machines.map(({ name, file, line, memoryBytes: bytes }) => [name, file, line, bytes / 2 ** 20]),
    [
      ['one', 'one.conf', 3, 512],
      ['two', 'vm.conf', 3, 64],
    ],
  );
  assert.deepEqual(await errorsOf('include "a"\n', { a: '\ninclude "b"', b: 'include "a"\n' }), [
    'b:1: include: a is being read already, it would include itself',
  ]);
  assert.deepEqual(await errorsOf('vm a {\n}\ninclude /not/there\n'), [
    'vm.conf:3: include: Cannot read /not/there: there is no such file',
  ]);
  // The same file twice is no circle, but its machines are there twice.
  assert.deepEqual(await errorsOf('include "a"\ninclude "a"', { a: 'vm a {\n}' }), [
    'a:1: the machine "a" is there twice',
  ]);
});

const settings: [what: string, text: string, expected: Record<string, unknown>][] = [
  ['nothing: what vmd gives', '', { memoryBytes: 2 ** 29, autostart: true, disks: [], cards: [], notes: [] }],
  ['disable', 'disable', { autostart: false }],
  ['enable', 'enable', { autostart: true }],
  ['memory in bytes', 'memory 134217728', { memoryBytes: 2 ** 27 }],
  ['several disks', 'disk "/a"\ndisk /b format QCOW2', { disks: [{ path: '/a' }, { path: '/b', format: 'qcow2' }] }],
  [
    'cdrom, and to start from it',
    'cdrom "/i.iso"\nboot device cdrom',
    { cdrom: { path: '/i.iso' }, bootFrom: 'cdrom' },
  ],
  ['boot device disk', 'boot device disk', { bootFrom: 'disk' }],
  ['boot device net', 'boot device net', { notes: ['5: boot device net'] }],
  ['a group as owner', 'owner :wheel', { owner: ':wheel' }],
  ['user and group', 'owner joe:users', { owner: 'joe:users' }],
  ['the number of a user', 'owner 1000', { owner: '1000' }],
  [
    'a card on a line',
    'interface tap switch "lan", lladdr 02:00:00:00:00:01',
    {
      cards: [{ name: 'eth0', network: 'lan', hwaddr: '02:00:00:00:00:01' }],
    },
  ],
  [
    'a card in a block',
    'interface {\n switch lan\n locked lladdr fe:e1:ba:d0:00:01\n}',
    {
      cards: [{ network: 'lan', hwaddr: 'fe:e1:ba:d0:00:01' }],
    },
  ],
  [
    'an address that vmd would choose',
    'interface { switch lan\nlocked lladdr\n }',
    { cards: [{ network: 'lan' }], notes: [] },
  ],
  ['a local card', 'local interface', { cards: [{ network: 'gastbr0' }], notes: [] }],
  [
    'two cards',
    'local interface\ninterface { switch lan up }',
    {
      cards: [
        { name: 'eth0', network: 'gastbr0' },
        { name: 'eth1', network: 'lan' },
      ],
    },
  ],
  ['a card of a name', 'interface tap3 { switch lan }', { cards: [{ network: 'lan' }], notes: ['5: interface tap3'] }],
  ['a card on no switch', 'interface', { cards: [], notes: ['5: interface'] }],
  ['a card that is down', 'interface { switch lan down }', { cards: [], notes: ['5: interface down'] }],
  ['a switch that is not there', 'interface { switch wan }', { cards: [], notes: ['5: interface { switch "wan" }'] }],
  ['a network that is there', 'interface { switch gastbr0 }', { cards: [{ network: 'gastbr0' }], notes: [] }],
  [
    'groups and routing domains',
    'interface {\nswitch lan\ngroup work\nrdomain 2\n}',
    {
      cards: [{ network: 'lan' }],
      notes: ['7: group work', '8: rdomain 2'],
    },
  ],
  [
    'more cards than are described',
    'interfaces 2\ninterface { switch lan }',
    {
      cards: [{ network: 'lan' }],
      notes: ['5: interfaces 2'],
    },
  ],
  [
    'permissions for instances',
    'allow instance { boot, disk\n memory owner joe }',
    {
      notes: ['5: allow instance { boot disk memory owner joe }'],
    },
  ],
  ['one permission', 'allow instance interface', { notes: ['5: allow instance { interface }'] }],
];
for (const [what, text, expected] of settings)
  test(`a machine: ${what}`, async () => assert.partialDeepStrictEqual(await machine(text), expected));

test('switches: what has no counterpart is told, a disabled one is left out with its cards', async () => {
  const made = await plan(`switch "aa" {
  interface bridge0
  add em0
  group work
  rdomain 1
  locked lladdr
  up
}
switch "b" {
  interface bridge1
  disable
}
switch "cc" {
  interface bridge2
  down
}
vm m { interface { switch "b" } }
`);
  assert.deepEqual(made.errors, []);
  assert.deepEqual(
    made.networks.map(({ name }) => name),
    ['aa', 'cc'],
  );
  assert.deepEqual(notes(made), [
    '2: interface bridge0',
    '3: add em0',
    '4: group work',
    '5: rdomain 1',
    '9: switch "b"',
    '14: interface bridge2',
    '15: down',
    '17: interface { switch "b" }',
  ]);
});

test('what is said of vmd itself is told, the delay between starts is taken over', async () => {
  const made = await plan(`local prefix 10.1.0.0/16
local inet6
local inet6 prefix "fd00:1::/32"
socket owner :vmusers
agentx context x path "/var/agentx/master"
staggered start parallel 2 delay 10
vm a {
}
vm b {
 disable
}
`);
  assert.deepEqual(made.errors, []);
  assert.deepEqual(notes(made), [
    '1: local prefix 10.1.0.0/16',
    '2: local inet6',
    '3: local inet6 prefix fd00:1::/32',
    '4: socket owner :vmusers',
    '5: agentx',
    '6: staggered start parallel 2',
  ]);
  assert.deepEqual(
    made.machines.map(({ delaySeconds }) => delaySeconds),
    [10, undefined],
  );
});

test('an instance has what its parent has, but for disks and what is a card of its own', async () => {
  const made = await plan(`vm "parent" {
  memory 256M
  disk "/p"
  boot "/k"
  local interface tap1 { lladdr 02:00:00:00:00:02 }
  owner joe
}
vm "parent" instance "child" {
  disk "/c"
}
vm "child" instance "other" {
  memory 64M
}
`);
  assert.deepEqual(made.errors, []);
  const [, child, other] = made.machines;
  assert.partialDeepStrictEqual(child, {
    name: 'child',
    memoryBytes: 2 ** 28,
    disks: [{ path: '/c' }],
    kernel: { path: '/k' },
  });
  assert.equal(child?.cards[0]?.network, 'gastbr0');
  assert.equal(child?.cards[0]?.hwaddr, undefined);
  assert.equal(child?.owner, undefined);
  assert.partialDeepStrictEqual(other, { memoryBytes: 2 ** 26, kernel: { path: '/k' }, disks: [] });
  assert.ok(notes(made).includes('8: instance of "parent"'));
});
