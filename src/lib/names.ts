/** Which names things may have. Each check gives the text for the user, or undefined when the name is good. */

export function instanceNameError(name: string): string | undefined {
  const error = hostNameError(name);
  return error && `Invalid instance name: ${error}`;
}

/** What Linux, DNS and Incus all take as the name of a host. */
function hostNameError(name: string): string | undefined {
  if (name.length < 1 || name.length > 63) return 'Name must be 1-63 characters long';
  if (name.startsWith('-')) return 'Name must not start with "-" character';
  if (name.endsWith('-')) return 'Name must not end with "-" character';
  if (/^\d+$/.test(name)) return 'Name cannot be a number';
  if (!/^[A-Za-z0-9-]+$/.test(name)) return 'Name can only contain alphanumeric and hyphen characters';
  return undefined;
}

export function snapshotNameError(name: string): string | undefined {
  const wrong = (what: string) => `Invalid instance snapshot name: ${what}`;
  if (name === '') return wrong('Cannot be empty');
  if (/[\s/]/.test(name)) return wrong('Cannot contain spaces or slashes');
  return fileNameError(name, wrong);
}

export function profileNameError(name: string): string | undefined {
  const wrong = (what: string) => `Invalid profile name: ${what}`;
  if (name === '') return wrong('Cannot be empty');
  if (name.includes('/')) return wrong('Cannot contain slashes');
  return fileNameError(name, wrong);
}

export function projectNameError(name: string): string | undefined {
  const wrong = (what: string) => `Invalid project name: ${what}`;
  if (name === '') return wrong('Cannot be empty');
  if (name === '*') return wrong('Reserved project name');
  // The underscore separates project and thing in the names of links, tables and files.
  const found = /[\s/_'"*]/.exec(name);
  if (found) return wrong(`Cannot contain ${JSON.stringify(found[0])}`);
  return fileNameError(name, wrong);
}

export function poolNameError(name: string): string | undefined {
  const wrong = (what: string) => `Invalid storage pool name: ${what}`;
  if (name === '') return wrong('Cannot be empty');
  if (/[\s/]/.test(name)) return wrong('Cannot contain spaces or slashes');
  if (name.startsWith('-')) return wrong('Must not start with "-"');
  return fileNameError(name, wrong);
}

export function volumeNameError(name: string): string | undefined {
  const wrong = (what: string) => what;
  if (name === '') return wrong('Cannot be empty');
  if (/[\s/]/.test(name)) return wrong('Cannot contain spaces or slashes');
  return fileNameError(name, wrong);
}

/** The name of a bridge is the name of its link: the kernel takes 15 bytes. */
export function networkNameError(name: string): string | undefined {
  const wrong = (what: string) => `Invalid network name: ${what}`;
  if (name.length < 2 || name.length > 15) return wrong('Must be 2-15 characters long');
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name))
    return wrong('Can only contain letters, digits, ".", "_" and "-", and must start with a letter or digit');
  if (['all', 'default', 'lo'].includes(name)) return wrong(`${name} is reserved by the kernel`);
  return undefined;
}

/** Names that become file names and log lines. */
function fileNameError(name: string, wrong: (what: string) => string): string | undefined {
  if (name === '.' || name === '..') return wrong(`Cannot be "${name}"`);
  if (Buffer.byteLength(name) > 63) return wrong('Cannot be longer than 63 bytes');
  if (/\p{C}/u.test(name)) return wrong('Cannot contain control characters');
  return undefined;
}

/** The next free name of a series: snap0, snap1, ... one above the highest, so that a deleted one does not come back. */
export function nextNumbered(prefix: string, existing: Iterable<string>): string {
  let next = 0;
  for (const name of existing) {
    const digits = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    if (/^(0|[1-9]\d{0,14})$/.test(digits)) next = Math.max(next, Number(digits) + 1);
  }
  return `${prefix}${next}`;
}
