/** The table of the suites: what counts as passed, and how places and reasons are told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countText, judge, markdownTable, placesText, readPlaces } from './outcome.ts';

const expectation = {
  inside: [{ file: 'a.sh', lines: [3, 4], why: 'reads the database' }],
  known: { test_b: 'no such feature' },
};
const ran = (more: object) => ({ suite: 'test_a', failed: [], finished: true, unmet: '', ...more });

test('places are read once each and told by file', () => {
  const places = readPlaces('a.sh 12\na.sh 3\na.sh 12\nb.sh 1\nrubbish\n');
  assert.equal(placesText(places), 'lines 3, 12 of a.sh and line 1 of b.sh');
});

test('a suite passes, passes in part, fails, runs too long or does not apply', () => {
  const at = (line: number) => ({ file: 'a.sh', line });
  assert.equal(judge(ran({}), expectation).result, 'passes');
  assert.deepEqual(judge(ran({ failed: [at(3)] }), expectation), {
    suite: 'test_a',
    result: 'passes in part',
    reason: 'line 3 of a.sh: reads the database',
  });
  assert.deepEqual(judge(ran({ suite: 'test_b', failed: [at(4), at(9)] }), expectation), {
    suite: 'test_b',
    result: 'fails',
    reason: 'line 9 of a.sh: no such feature; line 4 of a.sh: reads the database',
  });
  assert.equal(judge(ran({ failed: [at(9)] }), expectation).reason, 'line 9 of a.sh: not explained yet');
  assert.equal(judge(ran({ finished: false }), expectation).result, 'runs too long');
  assert.deepEqual(judge(ran({ unmet: 'needs a card' }), expectation), {
    suite: 'test_a',
    result: 'not applicable',
    reason: 'needs a card',
  });
});

test('the table and the counts', () => {
  const outcomes = [judge(ran({}), expectation), judge(ran({ failed: [{ file: 'a.sh', line: 3 }] }), expectation)];
  assert.equal(countText(outcomes), '1 passes, 1 passes in part');
  assert.match(markdownTable(outcomes), /^\| a \| passes in part \| line 3 of a\.sh: reads the database \|$/m);
});
