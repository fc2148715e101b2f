/** The mark that our links carry as their alias. What has no mark of this daemon (`tag`) is never changed or deleted. */
export type Mark =
  | { kind: 'network'; network: string }
  | { kind: 'nic'; guest: string; nic: string }
  | { kind: 'shaper'; hostName: string }
  /** A link of the host that is lent to a guest: what it was before. */
  | { kind: 'physical'; hostName: string; hwaddr: string; mtu: number };

export function markText(tag: string, mark: Mark): string {
  const parts =
    mark.kind === 'network'
      ? [mark.network]
      : mark.kind === 'nic'
        ? [mark.guest, mark.nic]
        : mark.kind === 'physical'
          ? [mark.hostName, mark.hwaddr, String(mark.mtu)]
          : [mark.hostName];
  return ['gasthof', tag, mark.kind, ...parts.map(encodeURIComponent)].join(':');
}

export function parseMark(tag: string, alias: string | undefined): Mark | undefined {
  const [program, owner, kind, ...rest] = alias?.split(':') ?? [];
  if (program !== 'gasthof' || owner !== tag) return undefined;
  const [first, second, third] = rest.map(decodeURIComponent);
  if (kind === 'network' && first !== undefined) return { kind, network: first };
  if (kind === 'nic' && first !== undefined && second !== undefined) return { kind, guest: first, nic: second };
  if (kind === 'physical' && first !== undefined && second !== undefined)
    return { kind, hostName: first, hwaddr: second, mtu: Number(third) };
  if (kind === 'shaper' && first !== undefined) return { kind, hostName: first };
  return undefined;
}
