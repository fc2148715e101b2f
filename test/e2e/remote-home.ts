/** A home of the command line in which servers are known as remotes: what tests between two servers share. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestDaemon } from '../daemon.ts';
import { freePort } from './foreign/joined.ts';
import { runGast } from './gast.ts';

export type RemoteHome = Disposable & {
  directory: string;
  env: Record<string, string>;
  /** What it prints, where nothing may go wrong. */
  gast(...words: string[]): Promise<string>;
  /** The server listens on loopback, trusts this home and is a remote of it. */
  meet(daemon: TestDaemon, name: string): Promise<void>;
};

/** `local` is the server without a name; `explain` says more of a call that failed. */
export function openHome(local: TestDaemon, explain: () => string = () => ''): RemoteHome {
  const directory = mkdtempSync(join(tmpdir(), 'gast-home-'));
  const at = (daemon: TestDaemon) => ({ ...daemon.env, GASTHOF_CONF: directory });
  const sure = async (env: Record<string, string>, ...words: string[]) => {
    const { code, stdout, stderr } = await runGast(env, words);
    if (code !== 0) throw new Error(`gast ${words.join(' ')}: ${stderr}\n${explain()}`);
    return stdout.trim();
  };
  const gast: RemoteHome['gast'] = (...words) => sure(at(local), ...words);
  return {
    directory,
    env: at(local),
    gast,
    async meet(daemon, name) {
      await sure(at(daemon), 'config', 'set', 'core.https_address', `127.0.0.1:${await freePort()}`);
      const said = await sure(at(daemon), 'config', 'trust', 'add', `for-${name}`);
      await gast('remote', 'add', name, said.split(/\s+/).at(-1) ?? '');
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}
