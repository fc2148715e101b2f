/** Short words for tests of storage through the incus client. */
import assert from 'node:assert/strict';
import type { ForeignClient } from './clients.ts';

export function volumeWords(incus: ForeignClient) {
  return {
    sh: async (guest: string, script: string) => (await incus.run(['exec', guest, '--', 'sh', '-c', script])).trim(),
    async fails(words: string[], pattern: RegExp) {
      const ended = await incus.try(words);
      assert.notEqual(ended.code, 0, words.join(' '));
      assert.match(ended.stderr, pattern);
    },
    volume: (...words: string[]) => incus.run(['storage', 'volume', ...words]),
    csv: async (...words: string[]) => (await incus.run([...words, '-f', 'csv'])).trim(),
    shown: (pool: string, name: string) => incus.run(['storage', 'volume', 'show', pool, name]),
  };
}
