/** A home of the command line in which servers are known as remotes: what tests between two servers share. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestDaemon } from '../daemon.ts';
import { freePort } from './foreign/joined.ts';
import { sureGast } from './gast.ts';

export type RemoteHome = Disposable & {
  directory: string;
  env: Record<string, string>;
  /** What it prints, where nothing may go wrong. */
  gast(...words: string[]): Promise<string>;
  /** The server listens on loopback, trusts this home and is a remote of it. */
  meet(daemon: TestDaemon, name: string): Promise<void>;
};

/** `local` is the server without a name. */
export function openHome(local: TestDaemon, explain?: () => string): RemoteHome {
  const directory = mkdtempSync(join(tmpdir(), 'gast-home-'));
  const at = (daemon: TestDaemon) => ({ ...daemon.env, GASTHOF_CONF: directory });
  const gast = sureGast(at(local), explain);
  return {
    directory,
    env: at(local),
    gast,
    async meet(daemon, name) {
      const there = sureGast(at(daemon), explain);
      await there('config', 'set', 'core.https_address', `127.0.0.1:${await freePort()}`);
      const said = await there('config', 'trust', 'add', `for-${name}`);
      await gast('remote', 'add', name, said.split(/\s+/).at(-1) ?? '');
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}
