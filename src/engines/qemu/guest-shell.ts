/**
 * What runs inside a machine to connect a command to its ports: some lines of shell, as every guest with an agent has one.
 * Words of the caller are arguments or quoted; they never become a part of the program.
 */
import type { ExecSpec } from '../../core/ports/engine.ts';

/** Sleeping parts of a second is beyond POSIX, and known to every guest that has an agent. */
const findPorts = `prefix=$1 mark=$2; shift 2
port() {
  tries=0
  while [ $tries -lt 500 ]; do
    for at in /sys/class/virtio-ports/*; do
      name=; { read -r name <"$at/name"; } 2>/dev/null
      [ "$name" = "$prefix$1" ] && [ -c "/dev/\${at##*/}" ] && found=/dev/\${at##*/} && return
    done
    tries=$((tries + 1)); sleep 0.01
  done
  exit 125
}
port 0; in=$found
port 1; exec 4>"$found"
`;

/**
 * Becomes the command, as the wanted user: what can do that is tried, for one guest has this and another that. The setpriv of
 * busybox cannot, and its shell takes that one unless it is given a path.
 */
const become = `cd "$1" || exit 126
user=$2 group=$3; shift 3
[ "$user:$group" = 0:0 ] && exec "$@"
for tool in setpriv /usr/bin/setpriv; do
  "$tool" --reuid="$user" --regid="$group" --clear-groups -- true 2>/dev/null &&
    exec "$tool" --reuid="$user" --regid="$group" --clear-groups -- "$@"
done
chroot --userspec="$user:$group" --groups= --skip-chdir / true 2>/dev/null &&
  exec chroot --userspec="$user:$group" --groups= --skip-chdir / "$@"
echo 'gast: commands run as root only in this guest: it has neither setpriv of util-linux nor chroot of coreutils' >&2
exit 126`;

/**
 * Its name is the program that becomes the command. In the foreground: a shell without job control makes what it starts in
 * the background deaf to interrupts.
 */
const piped = `${findPorts}port 2; exec 5>"$found"
sh -c "$0" sh "$@" <"$in" >&4 2>&5 3>&5 4>&- 5>&-
code=$?
printf %s "$mark" >&4
printf %s "$mark" >&5
exit "$code"`;

const noTerminal =
  'gast: a terminal in this machine needs "script" in it: install util-linux (Debian: bsdutils), or use gast exec -T';

/** A port is no terminal; `script` makes a true one and carries what goes in and out. */
const terminal = `${findPorts}if command -v script >/dev/null; then
  SHELL=/bin/sh script -qec "$1" /dev/null <"$in" >&4 2>&4 4>&-
  code=$?
else
  printf '0 -\\n%s\\r\\n' '${noTerminal}' >&4
  code=126
fi
printf %s "$mark" >&4
exit "$code"`;

/** The first line that goes out names the process, and the terminal that it has. */
const firstLine = {
  piped: 'printf "%s\\n" $$ >&3; exec 3>&-\n',
  terminal: 'printf "%s %s\\n" $$ "$(tty)"; stty echo rows "$1" cols "$2"; shift 2\n',
};

/** Arguments of `sh` that run the command, connected to the ports of this prefix. */
export function shellWords(spec: ExecSpec, prefix: string, mark: string): string[] {
  const entry = [spec.cwd, String(spec.user), String(spec.group), ...spec.command];
  if (!spec.terminal) {
    return ['-c', piped, firstLine.piped + become, prefix, mark, ...entry];
  }
  const { width, height } = spec.terminal;
  // The one that `script` starts is always the plain shell; the command has the variable that was asked for.
  const shell = spec.environment.SHELL;
  const variable = shell === undefined ? 'unset SHELL' : `SHELL=${quoted(shell)}; export SHELL`;
  const inner = ['/bin/sh', '-c', firstLine.terminal + become, 'sh', String(height), String(width), ...entry];
  return ['-c', terminal, 'sh', prefix, mark, `${variable}; exec ${inner.map(quoted).join(' ')}`];
}

/** Sets the size of a terminal: rows, columns, device. */
export const resizeWords = (width: number, height: number, device: string): string[] => [
  ...['-c', 'stty rows "$1" cols "$2" <"$3"', 'sh', String(height), String(width), device],
];

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
