/** The laws of migrations with a fake in place of rsync: everything but the files themselves is real. */
import { fakeRsync } from './fake-rsync.ts';
import { migrationSuite } from './migration.suite.ts';

migrationSuite('fake rsync', fakeRsync);
