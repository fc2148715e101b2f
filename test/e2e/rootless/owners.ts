/** Whose the files are that the exchange between two daemons is tried with, as the guest sees it. */
export const ownerFiles = ['/root/plain', '/root/suid', '/root/last', '/root/snapped'];

export async function ownersIn(gast: (...words: string[]) => Promise<string>, guest: string): Promise<string> {
  return (await gast('exec', guest, '--', 'stat', '-c', '%n %u:%g %a', ...ownerFiles)).trim();
}

export const makeOwnerFiles = `
echo 1 > /root/plain; chown 1000:1001 /root/plain; chmod 640 /root/plain
echo 2 > /root/suid; chown 33:34 /root/suid; chmod 4755 /root/suid
echo 3 > /root/last; chown 65534:65535 /root/last; chmod 600 /root/last
echo 4 > /root/snapped; chmod 644 /root/snapped`;

export const expectedOwners = [
  '/root/plain 1000:1001 640',
  '/root/suid 33:34 4755',
  '/root/last 65534:65535 600',
  '/root/snapped 0:0 644',
].join('\n');
