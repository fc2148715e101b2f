/** The command of `gast shell`: the user's own login shell. */
import { usageError } from '../cli-error.ts';

/**
 * `su -l` does it where it is there: groups, home, PAM session; it keeps TERM. A guest without su (minimal images) gets the
 * shell of its /etc/passwd, and at last sh. The name is handed over as an argument, never as shell text.
 */
const script = `
if command -v su >/dev/null 2>&1; then exec su -l "$1"; fi
shell=$(sed -n "s|^$1:.*:||p" /etc/passwd 2>/dev/null | head -n 1)
exec "\${shell:-/bin/sh}" -l
`;

export function loginCommand(user: string): string[] {
  if (!/^[A-Za-z_][\w.-]*\$?$/.test(user)) throw usageError(`"${user}" is no user name`);
  return ['/bin/sh', '-c', script, 'sh', user];
}
