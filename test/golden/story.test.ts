/** No recording is forgotten: each is in the story, or listed with the reason why it is not. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { notReplayed } from './story/not-replayed.ts';
import { story } from './story.ts';

test('every recording is replayed once, or listed with the reason and the test that stands for it', () => {
  const names = [
    ...story.filter((scene) => typeof scene === 'string'),
    ...notReplayed.flatMap(({ recordings }) => recordings),
  ];
  const recorded = readdirSync(join(import.meta.dirname, 'recorded')).map((file) => file.replace(/\.json$/, ''));
  assert.deepEqual(names.toSorted(), recorded.toSorted());
  for (const { instead } of notReplayed)
    for (const file of instead.split(', ')) assert.ok(existsSync(join(import.meta.dirname, '../..', file)), file);
});
