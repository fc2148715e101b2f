/** The command line of mmdebstrap, and what its messages mean. Pure. */
import type { DebianMirrors } from './apt-sources.ts';
import type { DebianRecipe } from './recipes.ts';

export type MmdebstrapInput = {
  recipe: Pick<DebianRecipe, 'suite' | 'mergeUsrFirst'>;
  packages: readonly string[];
  mirrors: DebianMirrors;
  /** Debian's name: amd64. */
  architecture: string;
  /** Lines of apt configuration for the download only. */
  aptOptions: string[];
  /** Script that is run at the end. */
  customizePath: string;
  /** `root`, or `unshare` for an ordinary user. */
  mode: 'root' | 'unshare';
};

/** Documentation in other tongues and manuals are left out; later installs bring theirs. */
const left = [
  '/usr/share/man/*',
  '/usr/share/info/*',
  '/usr/share/doc/*',
  '/usr/share/locale/*',
  '/usr/share/lintian/*',
];
const kept = ['/usr/share/doc/*/copyright', '/usr/share/locale/locale.alias'];

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The tar goes to standard output. */
export function mmdebstrapArguments(input: MmdebstrapInput): string[] {
  const { recipe, mirrors } = input;
  return [
    `--mode=${input.mode}`,
    '--variant=minbase',
    '--format=tar',
    `--architectures=${input.architecture}`,
    `--include=${input.packages.join(',')}`,
    ...input.aptOptions.map((option) => `--aptopt=${option}`),
    '--aptopt=Acquire::Languages "none";',
    ...left.map((path) => `--dpkgopt=path-exclude=${path}`),
    ...kept.map((path) => `--dpkgopt=path-include=${path}`),
    // Before Debian 13 apt merges /usr by a package that brings all of perl (47 MB) along; links made first do as well.
    ...(recipe.mergeUsrFirst ? ['--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr'] : []),
    `--customize-hook=${input.customizePath}`,
    recipe.suite,
    '-',
    `deb [signed-by=${keyring}] ${mirrors.main} ${recipe.suite} main`,
    `deb [signed-by=${keyring}] ${mirrors.main} ${recipe.suite}-updates main`,
    ...(mirrors.security === undefined
      ? []
      : [`deb [signed-by=${keyring}] ${mirrors.security} ${recipe.suite}-security main`]),
  ];
}

const stages: [pattern: RegExp, text: string][] = [
  [/running apt-get update/, 'fetching package lists'],
  [/downloading packages with apt/, 'downloading packages'],
  [/extracting archives/, 'extracting packages'],
  [/installing essential packages/, 'installing the base system'],
  [/installing remaining packages|installing apt/, 'installing further packages'],
  [/running --customize-hook/, 'preparing the guest'],
  [/cleaning package lists/, 'cleaning up'],
  [/creating tarball/, 'packing'],
];

/** A line of mmdebstrap's messages as progress for people, undefined for the rest. */
export function mmdebstrapProgress(line: string): string | undefined {
  if (!line.startsWith('I: ')) return undefined;
  return stages.find(([pattern]) => pattern.test(line))?.[1];
}
