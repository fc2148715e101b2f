import assert from 'node:assert/strict';
import { test } from 'node:test';
import { de } from './de.ts';
import { en, type TextKey } from './en.ts';
import { textsFor } from './texts.ts';

const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();

test('every English text has a German one with the same places, and none is left over', () => {
  assert.deepEqual(Object.keys(de).sort(), Object.keys(en).sort());
  for (const key of Object.keys(en) as TextKey[]) {
    assert.notEqual(de[key].trim(), '', key);
    assert.deepEqual(places(de[key]), places(en[key]), key);
  }
});

test('the language is that of the C library: LC_ALL, LC_MESSAGES, LANG', () => {
  assert.equal(textsFor({ LANG: 'de_DE.UTF-8' })('error'), de.error);
  assert.equal(textsFor({ LANG: 'de_DE.UTF-8', LC_ALL: 'C' })('error'), en.error);
  assert.equal(textsFor({ LC_MESSAGES: 'de' })('deleting', { name: 'web' }), de.deleting.replace('{name}', 'web'));
});
