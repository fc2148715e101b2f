/** Hardware addresses of guests. */

/** The prefix registered for Incus guests; clients and users know it. */
const prefix = '10:66:6a';

/** `randomHex` is that of the clock port. */
export function randomMac(randomHex: (bytes: number) => string): string {
  return [prefix, ...(randomHex(3).match(/../g) ?? [])].join(':');
}

/** Lower case with colons, or undefined when the text is no address of one host: multicast and all zeros are refused. */
export function normaliseMac(text: string): string | undefined {
  const found = /^([0-9a-f]{2})([:-])[0-9a-f]{2}(?:\2[0-9a-f]{2}){4}$/i.exec(text);
  if (!found) return undefined;
  const mac = text.toLowerCase().replaceAll('-', ':');
  const multicast = (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
  return multicast || mac === '00:00:00:00:00:00' ? undefined : mac;
}
