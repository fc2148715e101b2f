import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLeases, withoutLeases } from './leases.ts';

const file = `1795317000 02:77:01:00:00:01 10.77.1.101 g1 01:02:77:01:00:00:01
1795317000 02:77:01:00:00:02 10.77.1.102 * *
duid 00:01:00:01:30:b2
1795317000 23 fd77:1::101 g1 00:02:00:00:ab:11
`;

test('parseLeases: both families, without names and MACs that are not there', () => {
  assert.deepEqual(parseLeases(`${file}half a li`), [
    { address: '10.77.1.101', hostname: 'g1', hwaddr: '02:77:01:00:00:01' },
    { address: '10.77.1.102', hostname: undefined, hwaddr: '02:77:01:00:00:02' },
    { address: 'fd77:1::101', hostname: 'g1', hwaddr: undefined },
  ]);
  assert.deepEqual(parseLeases(''), []);
});

test('withoutLeases: takes away only these lines', () => {
  const rest = withoutLeases(file, new Set(['10.77.1.101', 'fd77:1::101']));
  assert.equal(
    rest,
    file
      .split('\n')
      .filter((_, line) => line !== 0 && line !== 3)
      .join('\n'),
  );
});
