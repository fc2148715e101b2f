import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countPorts, eachPort, formatPorts, parsePorts } from './port-list.ts';

test('ports and ranges are read in their order', () => {
  const ranges = parsePorts('443, 80,8000-8002') ?? [];
  assert.deepEqual(eachPort(ranges), [443, 80, 8000, 8001, 8002]);
  assert.equal(countPorts(ranges), 5);
  assert.equal(formatPorts(ranges), '443, 80, 8000-8002');
});

test('what is no list of ports is refused', () => {
  for (const text of ['', '0', '65536', '80-79', '80;90', 'http', '80,80', '80-90,85', '-1', '1-2-3'])
    assert.equal(parsePorts(text), undefined, text);
});
