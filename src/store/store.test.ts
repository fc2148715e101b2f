/** Both embedded stores under the suite of the port. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { storeSuite } from '../../test/contract/store.suite.ts';
import { createMemoryStore } from './memory/memory-store.ts';
import { openSqliteStore } from './sqlite/sqlite-store.ts';

const directory = mkdtempSync(join(tmpdir(), 'gasthof-store-'));
after(() => rmSync(directory, { recursive: true }));
let opened = 0;

storeSuite('memory', async () => createMemoryStore());
storeSuite('sqlite', () => openSqliteStore(join(directory, `${++opened}.db`)));
