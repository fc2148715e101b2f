/** Recordings that are not replayed, with the reason and the test that runs the command with the real client instead. */
export type NotReplayed = { recordings: readonly string[]; reason: string; instead: string };

const twoServers =
  'Two servers and a client that carries data between them: what they say to each other is a stream of rsync, not a list of requests.';
const pinned = 'The client looks at the certificate of the server, and shows one that only it has.';

export const notReplayed: readonly NotReplayed[] = [
  {
    recordings: [
      'copy-remote-pull',
      'copy-remote-push',
      'copy-remote-refresh',
      'copy-remote-relay',
      'copy-remote-snap-pull',
      'move-remote-pull',
      'volume-copy-remote',
    ],
    reason: twoServers,
    instead: 'test/e2e/foreign/migration.test.ts, test/e2e/foreign/migration-incus.test.ts',
  },
  {
    recordings: ['image-copy-pull', 'image-copy-push', 'image-copy-relay', 'remote-launch-image'],
    reason: 'Two servers and a client: the addresses and certificates of both are part of the requests.',
    instead: 'test/e2e/foreign/images-copy.test.ts, test/e2e/foreign/images-incus.test.ts',
  },
  {
    recordings: ['remote-add-public', 'remote-add-token', 'remote-add-token-2'],
    reason: pinned,
    instead: 'test/e2e/foreign/https.test.ts',
  },
  {
    recordings: ['simplestreams-server'],
    reason: 'A hand-made image server that Incus read as a client; here Gasthof and its clients read such a server.',
    instead: 'test/e2e/foreign/images-streams.test.ts',
  },
];
