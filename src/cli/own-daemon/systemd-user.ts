/**
 * systemd's manager of this user, where there is one: it gives the daemon control groups of its own (and so guests their
 * limits), and starts it at boot when the user may linger.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { CliError, exitCodes } from '../cli-error.ts';
import { type Finished, installed, runProgram } from './run-program.ts';
import { renderUnit, unitName } from './user-unit.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export type UserManager = {
  unit: string;
  /** Whether the unit is started with the manager, which lives from boot on when the user lingers. */
  isEnabled(): boolean;
  lingers(): Promise<boolean>;
  start(): Promise<void>;
  state(): Promise<string>;
  enable(): Promise<void>;
  disable(): Promise<void>;
  /** Undefined when it worked, otherwise the reason. */
  setLinger(on: boolean): Promise<string | undefined>;
};

const timeoutMs = 60_000;
/** What of the caller's settings the daemon needs, too. */
const kept = /^(GASTHOF_SOURCE|XDG_DATA_HOME|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY|LANG|LC_\w+)$/;

/** Undefined where systemd does not manage this user. */
export function findUserManager(directory: string, caller: Environment, uid: number): UserManager | undefined {
  const runtime = caller.XDG_RUNTIME_DIR || `/run/user/${uid}`;
  if (!existsSync(join(runtime, 'systemd/private'))) return undefined;
  const env = { ...caller, XDG_RUNTIME_DIR: runtime };
  const home = caller.HOME ?? '';
  const unit = unitName(directory, `${caller.XDG_DATA_HOME || `${home}/.local/share`}/gasthof`);
  const lasting = join(caller.XDG_CONFIG_HOME || `${home}/.config`, 'systemd/user', unit);
  const passing = join(runtime, 'systemd/user', unit);
  const settings = Object.fromEntries(
    Object.entries(caller).filter((entry): entry is [string, string] => kept.test(entry[0]) && entry[1] !== undefined),
  );
  const text = () => renderUnit({ program: installed('bin/gasthofd'), directory, env: settings });
  const systemctl = (...args: string[]) => runProgram('systemctl', ['--user', ...args], { env, timeoutMs });
  const loginctl = (...args: string[]) => runProgram('loginctl', args, { env, timeoutMs });
  const must = async (...args: string[]) => checked(await systemctl(...args), `systemctl --user ${args.join(' ')}`);
  const write = async (path: string) => {
    mkdirSync(join(directory, 'logs'), { recursive: true, mode: 0o700 });
    mkdirSync(dirname(path), { recursive: true });
    if (existsSync(path) && readFileSync(path, 'utf8') === text()) return;
    writeFileSync(path, text());
    await must('daemon-reload');
  };
  return {
    unit,
    isEnabled: () => existsSync(lasting),
    lingers: async () =>
      (await loginctl('show-user', userInfo().username, '--property=Linger')).stdout.trim() === 'Linger=yes',
    async start() {
      await write(existsSync(lasting) ? lasting : passing);
      // It may have failed too often before: a person asks for it now.
      await systemctl('reset-failed', unit);
      await must('start', unit);
    },
    state: async () => (await systemctl('is-active', unit)).stdout.trim(),
    async enable() {
      await write(lasting);
      await must('enable', unit);
    },
    async disable() {
      if (!existsSync(lasting)) return;
      await must('disable', unit);
      // The running daemon goes on under the unit of this boot.
      await write(passing);
      rmSync(lasting, { force: true });
      await must('daemon-reload');
    },
    async setLinger(on) {
      const { code, stderr } = await loginctl(on ? 'enable-linger' : 'disable-linger');
      return code === 0 ? undefined : stderr.trim() || `exit code ${code}`;
    },
  };
}

function checked({ code, stderr }: Finished, what: string): void {
  if (code === 0) return;
  throw new CliError(`${what}: ${stderr.trim() || `exit code ${code}`}`, { exitCode: exitCodes.unreachable });
}
