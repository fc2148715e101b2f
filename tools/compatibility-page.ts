/** docs/compatibility.md: what of Incus works, with which clients, and every known difference with its reason. */
import { incusExtensions, ownExtensions } from '../src/api/extensions.ts';
import type { Deviation } from '../test/golden/deviation.ts';
import { deviations } from '../test/golden/deviations.ts';
import { notReplayed } from '../test/golden/story/not-replayed.ts';
import { story } from '../test/golden/story.ts';

export const origin = '<!-- Written by tools/generate-reference.ts from test/golden and src/api. Change it there. -->';

const count = story.filter((scene) => typeof scene === 'string').length;

const introduction = `Gasthof speaks the REST API of Incus 6.0. This page says what was compared with a real Incus 6.0.4, with
what result, and where Gasthof answers otherwise, with the reason for each difference.

## How it is tested

| what | where |
|---|---|
| ${count} recorded sessions of \`incus\` 6.0.4, \`lxc\` 5.0.2 and pylxd with a real Incus 6.0.4, sent again request by request: status, headers, every field of the answers, operations, events, streams | test/e2e/golden-replay.test.ts |
| the \`incus\` 6.0 client of Debian, unchanged | test/e2e/foreign |
| the \`lxc\` 5.0.2 client of Debian, unchanged | test/e2e/foreign |
| python3-pylxd of Debian | test/e2e/foreign/pylxd.test.ts |
| Ansible: \`community.general.lxd_container\` and the lxd connection | test/e2e/foreign/ansible.test.ts |
| copying and moving between Gasthof and a real Incus server, both ways | test/e2e/foreign/migration-incus.test.ts, images-incus.test.ts |

All of them run in CI. A difference from a recording that is not listed below fails the test, and so does a line below that
is not true any more.

Compared are shapes and values. Not compared are identifiers, points in time, sizes and counters, names of host links, the
order of lists, and the progress of an operation before its end.

## What is not there

| what | what a client gets |
|---|---|
| PCI devices of virtual machines | refused, with what the host lacks for it |
| clustering | \`GET /1.0/cluster\` says that the server stands alone; other paths of it answer 404 |
| network zones, peers, load balancers, integrations, OVN, \`features.networks\` in projects | empty lists, or 404 and 501 |
| storage buckets | empty lists, or 501 |
| storage drivers other than overlay and dir (ZFS, Btrfs, LVM, Ceph) | refused |
| the API inside guests (\`/dev/incus\`) | no socket |
| OIDC and OpenFGA | only client certificates |
| memory of containers; live migration between Gasthof and Incus | refused; stopped instances are copied and moved. Virtual machines have stateful snapshots, and move between Gasthof servers as they run |

What is not there is not named in \`api_extensions\`, by which clients know what they may ask for.`;

export function compatibilityPage(): string {
  const groups = Object.entries(Object.groupBy(deviations, ({ reason }) => reason));
  return `${[
    '# Compatibility with Incus',
    origin,
    introduction,
    '## Differences',
    'By path of the API and field of the answer; `*` stands for anything. Missing: Incus has it. Extra: only Gasthof has it.',
    table(
      ['where', 'field', 'what', 'reason'],
      groups.flatMap(([reason, list = []]) => list.map((one) => row(one, reason))),
    ),
    '## Recordings that are not sent again',
    table(
      ['recordings', 'reason', 'tested instead'],
      notReplayed.map(({ recordings, reason, instead }) => [recordings.join(', '), reason, instead]),
    ),
    '## Extensions',
    `Of Incus: ${incusExtensions.map(code).join(', ')}.`,
    `Of Gasthof, described in [api-extensions.md](api-extensions.md): ${ownExtensions.map(code).join(', ')}.`,
  ].join('\n\n')}\n`;
}

function row({ where, path, kind, recordings }: Deviation, reason: string): string[] {
  const only = recordings === undefined ? '' : ` (only in ${recordings.split(' ').join(', ')})`;
  return [code(where), code(path), kind ?? 'any', `${reason}${only}`];
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

const code = (text: string): string => `\`${text}\``;
