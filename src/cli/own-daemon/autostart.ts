/** When the own daemon of an ordinary user starts by itself: with the computer, at login, or not at all. */
import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { localServer, startable } from './local-client.ts';
import { installed } from './run-program.ts';
import { findUserManager, type UserManager } from './systemd-user.ts';

/** Users whose daemons packaging/gasthof-users starts at boot: `NAME [DIRECTORY]`. */
const listOfUsers = '/etc/gasthof/users';
const bootScript = '/etc/init.d/gasthof-users';

export type Autostart = { enable(): Promise<void>; disable(): Promise<void>; show(): Promise<void> };

/** Of the daemon that this user's commands mean, and may start. */
export function ownDirectory(context: Context): { directory: string; uid: number } {
  const uid = process.getuid?.() ?? 0;
  const server = localServer(context.env, uid);
  if (server.directory !== undefined && startable(server, uid)) return { directory: server.directory, uid };
  throw new CliError(`${server.directory ?? server.socketPath} is not a daemon of your own`, {
    help:
      uid === 0
        ? 'the daemon of root starts with: systemctl enable --now gasthofd'
        : 'GASTHOF_DIR=~/.local/share/gasthof before the command means your own',
  });
}

export async function autostartOf(context: Context): Promise<Autostart> {
  const { directory, uid } = ownDirectory(context);
  const manager = findUserManager(directory, context.env, uid);
  return manager ? withSystemd(context, manager) : withoutSystemd(context, directory);
}

function withSystemd({ say, print, texts }: Context, manager: UserManager): Autostart {
  const lingerLine = `loginctl enable-linger ${userInfo().username}`;
  return {
    async enable() {
      await manager.enable();
      if ((await manager.lingers()) || (await manager.setLinger(true)) === undefined)
        return say(texts('autostart-enabled', { unit: manager.unit }));
      say(texts('autostart-linger'));
      print(`${lingerLine}\n`);
    },
    async disable() {
      await manager.disable();
      say(texts('autostart-disabled'));
    },
    async show() {
      const lingers = await manager.lingers();
      const when = !manager.isEnabled() ? 'first command' : lingers ? 'boot' : 'login';
      print(`Starts with: ${when}\nUnit: ${manager.unit}\nLingers: ${lingers ? 'yes' : `no (${lingerLine})`}\n`);
    },
  };
}

/** Only root can do something at boot then. */
function withoutSystemd({ say, print, texts, env }: Context, directory: string): Autostart {
  const name = userInfo().username;
  const isUsual = directory === localServer({ ...env, GASTHOF_DIR: undefined }, process.getuid?.() ?? 0).directory;
  const line = isUsual ? name : `${name} ${directory}`;
  const isListed = () => listedIn(readOptional(listOfUsers), line);
  const isInstalled = () => existsSync(bootScript);
  return {
    async enable() {
      if (isInstalled() && isListed()) return say(texts('autostart-enabled', { unit: bootScript }));
      say(texts('autostart-asked'));
      if (!isInstalled()) {
        const script = installed('packaging/gasthof-users');
        print(`install -m 755 ${shellWord(script)} ${bootScript} && update-rc.d gasthof-users defaults\n`);
        print(`echo GASTHOF=${shellWord(dirname(dirname(script)))} > /etc/default/gasthof-users\n`);
      }
      if (!isListed()) print(`mkdir -p /etc/gasthof && echo ${shellWord(line)} >> ${listOfUsers}\n`);
    },
    async disable() {
      if (!isListed()) return say(texts('autostart-disabled'));
      throw new CliError(`${listOfUsers} names you`, { help: `as root: sed -i '/^${name}\\b/d' ${listOfUsers}` });
    },
    async show() {
      print(`Starts with: ${isInstalled() && isListed() ? `boot (${bootScript})` : 'first command'}\n`);
    },
  };
}

/** Blanks between the words and a comment behind them do not matter. */
export function listedIn(list: string, line: string): boolean {
  const words = (text: string) => text.replace(/#.*/, '').trim().split(/\s+/).join(' ');
  return list.split('\n').some((one) => words(one) === line);
}

function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const shellWord = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
