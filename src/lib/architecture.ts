/** Names of architectures: those of the kernel, which the API uses, and those of Debian, which image servers use. */
const kernelNames = new Map(
  Object.entries({
    amd64: 'x86_64',
    x86_64: 'x86_64',
    arm64: 'aarch64',
    aarch64: 'aarch64',
    i386: 'i686',
    i686: 'i686',
    armhf: 'armv7l',
    armv7l: 'armv7l',
    ppc64el: 'ppc64le',
    ppc64le: 'ppc64le',
    riscv64: 'riscv64',
    s390x: 's390x',
  }),
);

/** Undefined for one that is not known. */
export const kernelArchitecture = (name: string): string | undefined => kernelNames.get(name);

/** Which programs each kernel runs. */
const runs: Record<string, readonly string[]> = { x86_64: ['x86_64', 'i686'], aarch64: ['aarch64', 'armv7l'] };

export const architecturesOf = (host: string): readonly string[] => runs[host] ?? [host];
