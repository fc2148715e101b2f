/** Config keys of the server. */
import type { KeyTable } from './key.ts';

export const serverKeys: KeyTable = [
  {
    key: 'images.compression_algorithm',
    type: 'string',
    doc: 'Compression of published images.',
    default: 'gzip',
    values: ['none', 'gzip', 'zstd', 'xz'],
  },
  { key: 'user.*', type: 'string', doc: 'Free text for the user.' },
];
