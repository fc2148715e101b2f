/** Paths of LXD before instances were called so; its older libraries still ask for them. */
const oldPaths: readonly [from: RegExp, to: string][] = [
  [/^\/1\.0\/containers(?=[/?]|$)/, '/1.0/instances'],
  [/^\/1\.0\/virtual-machines(?=[/?]|$)/, '/1.0/instances'],
];

/** The address as the route table knows it. */
export function presentPath(address: string): string {
  for (const [from, to] of oldPaths) if (from.test(address)) return address.replace(from, to);
  return address;
}
