import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageDoc } from '../model.ts';
import { cacheEndMs, nextDueMs, type PlanInput, updateDueMs } from './update-plan.ts';

const hourMs = 3_600_000;
const source = { alias: 'a', certificate: '', protocol: 'simplestreams', server: 'https://x', imageType: 'container' };
const image = (more: Partial<ImageDoc>): ImageDoc =>
  ({
    fingerprint: 'f',
    project: 'default',
    autoUpdate: false,
    lastUsedAt: '',
    uploadedAt: '2026-01-01T00:00:00Z',
    ...more,
  }) as ImageDoc;
const plan = (images: ImageDoc[], more: Partial<PlanInput> = {}): PlanInput => ({
  images,
  settingsOf: () => ({ updateEveryHours: 6, cacheDays: 10 }),
  checkedAtMs: 1000,
  isInUse: () => false,
  ...more,
});

test('images that follow their source are due some hours after the last look', () => {
  const followed = image({ autoUpdate: true, updateSource: source });
  assert.equal(updateDueMs(plan([followed])), 1000 + 6 * hourMs);
  assert.equal(updateDueMs(plan([image({}), image({ autoUpdate: true }), image({ updateSource: source })])), undefined);
  assert.equal(updateDueMs(plan([{ ...followed, supersededBy: 'g' }])), undefined);
  assert.equal(updateDueMs(plan([followed], { settingsOf: () => ({ updateEveryHours: 0, cacheDays: 0 }) })), undefined);
});

test('cached images go some days after their last use, unless an instance was made from them', () => {
  const cached = image({ cached: true, lastUsedAt: '2026-02-01T00:00:00Z' });
  assert.equal(cacheEndMs(cached, plan([])), Date.parse('2026-02-11T00:00:00Z'));
  assert.equal(cacheEndMs(image({ cached: true }), plan([])), Date.parse('2026-01-11T00:00:00Z'));
  assert.equal(cacheEndMs(image({}), plan([])), undefined);
  assert.equal(cacheEndMs(cached, plan([], { isInUse: () => true })), undefined);
  assert.equal(nextDueMs(plan([])), undefined);
  assert.equal(nextDueMs(plan([cached, image({ autoUpdate: true, updateSource: source })])), 1000 + 6 * hourMs);
});
