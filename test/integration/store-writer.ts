/** Commits to the state file of its first argument until it is killed; prints each acknowledged revision. */
import { writeSync } from 'node:fs';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';

const [path = '', run = ''] = process.argv.slice(2);
const store = await openSqliteStore(path);
for (let number = 0; ; number++) {
  const { revision } = await store.commit([
    { put: `one/${run}/${number}`, value: { text: 'x'.repeat(number % 3000) } },
    { put: 'last', value: number },
    { put: `two/${run}/${number}`, value: number },
  ]);
  writeSync(1, `${revision}\n`);
}
