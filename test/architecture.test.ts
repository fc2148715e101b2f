/**
 * The rules of the house that a machine can see: which room may import which, how long a file may be, what it may be called,
 * who may spawn programs or open databases. A new room or direction is one row of a table here.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

const root = dirname(import.meta.dirname);
const maxLines = 300;

const implementation = ['core/ports', 'lib', 'host'];

/** Room -> rooms that its files may import, beside their own. A room that is missing here is a failure too. */
const directions: Record<string, readonly string[]> = {
  lib: [],
  api: ['lib'],
  client: ['api', 'lib'],
  cli: ['api', 'client', 'lib'],
  // The device port speaks of configuration keys, which are part of the contract.
  'core/ports': ['api', 'lib'],
  core: ['core/ports', 'api', 'lib'],
  auth: ['core/ports', 'api', 'lib'],
  http: ['core', 'core/ports', 'auth', 'api', 'lib'],
  cluster: ['core', 'core/ports', 'client', 'api', 'lib'],
  devices: ['core/ports', 'api', 'lib', 'host'],
  host: ['core/ports', 'lib'],
  engines: implementation,
  // What a guest's QEMU has written is judged like a stranger's image.
  storage: [...implementation, 'disks'],
  // What archives from outside may hold is checked in one place.
  archives: implementation,
  images: [...implementation, 'archives'],
  // The metadata in a backup is that of an image.
  backups: [...implementation, 'archives', 'images'],
  files: implementation,
  proxy: implementation,
  store: implementation,
  disks: implementation,
  firewall: implementation,
  // Speaks over websockets that the core has been given.
  migration: [...implementation, 'api', 'images'],
  // A websocket is the same to both of its ends.
  remotes: [...implementation, 'api', 'http', 'client'],
  // The rules of a bridge and of its network cards are loaded together with its links.
  network: [...implementation, 'firewall'],
};

/** Modules that only the named place may import: whoever starts programs or calls native code is found at once. */
const reserved: [module: RegExp, place: RegExp][] = [
  // The command line starts nothing but the person's own editor, ssh and the person's own daemon.
  [/^node:child_process$/, /^src\/(host\/|cli\/terminal\/(editor|ssh|viewers)\.ts$|cli\/own-daemon\/run-program\.ts$)/],
  [/^koffi$/, /^src\/host\//],
  [/^node:sqlite$/, /^src\/store\/sqlite\//],
];

/** Names that say nothing about what is inside. */
const emptyNames = /^(utils?|helpers?|managers?|common|misc|services?|base|impl|types|index)$/;
const emptyEndings = /-(utils?|helpers?|managers?|misc|impl)$/;

type Source = { path: string; text: string; imports: string[] };

const sources = globSync(['src/**/*.ts', 'test/**/*.ts', 'tools/**/*.{ts,mjs}', 'bench/**/*.ts'], { cwd: root })
  .sort()
  .map(readSource);
/** A test beside the source may look into any room. */
const product = sources.filter(({ path }) => path.startsWith('src/') && !path.endsWith('.test.ts'));

test('every import follows the directions of the rooms', () => {
  const wrong = product.flatMap(({ path, imports }) => {
    const from = roomOf(path);
    const allowed = directions[from];
    if (from === 'daemon') return [];
    if (!allowed) return [`${path}: the room ${from} is not in the table`];
    return imports
      .filter((name) => name.startsWith('.'))
      .map((name) => normalize(join(dirname(path), name)))
      .filter((target) => roomOf(target) !== from && !allowed.includes(roomOf(target)))
      .map((target) => `${path} must not import ${target}`);
  });
  none(wrong);
});

test('only the rooms named for it import programs, native code and databases', () => {
  none(
    product.flatMap(({ path, imports }) =>
      reserved
        .filter(([module, place]) => !place.test(path) && imports.some((name) => module.test(name)))
        .map(([module, place]) => `${path} imports ${module.source}, which belongs to ${place.source}`),
    ),
  );
});

test('local imports name the file with its ending', () => {
  none(
    sources.flatMap(({ path, imports }) =>
      imports
        .filter((name) => name.startsWith('.') && !/\.(ts|mjs|json)$/.test(name))
        .map((name) => `${path}: ${name} has no ending`),
    ),
  );
});

test(`no file has more than ${maxLines} lines`, () => {
  none(
    sources
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > maxLines)
      .map(({ path, lines }) => `${path}: ${lines} lines`),
  );
});

test('file names are lower case with hyphens and say what is inside', () => {
  none(
    sources
      .map(({ path }) => path)
      .filter((path) => {
        const name = basename(path).replace(/(\.(root\.test|test|suite))?\.(ts|mjs)$/, '');
        return emptyNames.test(name) || emptyEndings.test(name) || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name);
      }),
  );
});

test('there are no default exports', () => {
  none(
    sources
      // node:test loads a reporter by its default export.
      .filter(
        ({ path, text }) => path !== 'tools/test-reporter.ts' && /^export (default|\{[^}]*as default)/m.test(text),
      )
      .map(({ path }) => path),
  );
});

test('every file says at its head what it is responsible for', () => {
  // A command says it in its `summary`, which is also its help.
  const tells = ({ path, text }: Source) =>
    /^(#!.*\n)?\/[/*]/.test(text) || (path.startsWith('src/cli/commands/') && text.includes('summary:'));
  none(product.filter((source) => !tells(source)).map(({ path }) => path));
});

test('every runtime dependency is explained in docs/decisions/dependencies.md, and nothing else is', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const page = readFileSync(join(root, 'docs', 'decisions', 'dependencies.md'), 'utf8');
  const runtime = /## At run time\n([\s\S]*?)(\n## |$)/.exec(page)?.[1] ?? '';
  const explained = [...runtime.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '');
  assert.deepEqual(explained.sort(), Object.keys(dependencies).sort());
});

test('the lock file has every optional package, or npm ci would refuse it (tools/complete-lock.mjs)', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const optional = Object.values(lock.packages).flatMap((one) => Object.keys(one.optionalDependencies ?? {}));
  none(optional.filter((name) => !(`node_modules/${name}` in lock.packages)));
});

test('no file names a place of the machine it was written on or a package registry', () => {
  const registry = new RegExp(['registry', '(npmjs|yarnpkg|npmmirror)', '(org|com)'].join('\\.'));
  const around = dirname(root);
  const ordinary = /^\/((root|home|srv|opt|tmp|usr|var)(\/(tmp|lib|local|src|gasthof))?)?$/;
  // At the start of a path only: `rw/work/` is no place of a machine.
  const places = [root, around]
    .filter((place) => !ordinary.test(place))
    .map((place) => new RegExp(`(?<![\\w.}/-])${RegExp.escape(place)}/`));
  const texts = globSync('**/*', { cwd: root, exclude: isGenerated, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  none(
    texts
      .map((one) => join(one.parentPath, one.name))
      .filter((path) => {
        const text = readFileSync(path, 'latin1');
        return registry.test(text) || places.some((place) => place.test(text));
      }),
  );
});

/** Folders that git ignores, and itself. */
function isGenerated(one: { name: string }): boolean {
  return ['node_modules', 'dist', '.git', '.cache'].includes(one.name) || /^dist\.|\.log$/.test(one.name);
}

function readSource(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8');
  const imports = [
    ...text.matchAll(/^(?:import|export)\b[^;'"]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm),
  ];
  return { path, text, imports: imports.map((match) => match[1] ?? match[2] ?? match[3] ?? '') };
}

/** `src/core/ports/x.ts` is in the room `core/ports`, every other file in the folder below src. */
function roomOf(path: string): string {
  if (path.startsWith('src/core/ports/')) return 'core/ports';
  return path.split('/')[path.startsWith('src/') ? 1 : 0] ?? '';
}

function none(findings: readonly string[]): void {
  if (findings.length === 0) return;
  const error = new Error(findings.join('\n'));
  error.stack = error.message;
  throw error;
}
