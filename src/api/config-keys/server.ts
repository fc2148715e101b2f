/** Config keys of the server. */
import type { KeyTable } from './key.ts';

export const serverKeys: KeyTable = [
  {
    key: 'backups.compression_algorithm',
    type: 'string',
    doc: 'Compression of backups.',
    default: 'gzip',
    values: ['none', 'gzip', 'bzip2', 'xz', 'zstd'],
    live: true,
  },
  {
    key: 'core.https_address',
    type: 'listen-address',
    doc: 'Address to listen on for HTTPS, like `:8443`, `[::]:8443` or `10.0.0.7:8443`; unset: not at all.',
    live: true,
  },
  {
    key: 'core.remote_token_expiry',
    type: 'expiry',
    doc: 'How long tokens that let a client enter its certificate are good, like `1d`; unset: until the daemon ends.',
    live: true,
  },
  {
    key: 'core.trust_password',
    type: 'string',
    doc: 'Password with which clients of LXD may enter their certificate. It is shown as `true`. A token is better.',
    live: true,
  },
  {
    key: 'images.compression_algorithm',
    type: 'string',
    doc: 'Compression of published images.',
    default: 'gzip',
    values: ['none', 'gzip', 'bzip2', 'xz', 'zstd'],
    live: true,
  },
  {
    key: 'images.auto_update_cached',
    type: 'bool',
    doc: 'Whether images that are fetched for an instance are kept up to date.',
    default: 'true',
    live: true,
  },
  {
    key: 'images.auto_update_interval',
    type: 'integer',
    doc: 'Hours between two looks for newer versions of images that follow their source; 0: never.',
    default: '6',
    min: 0,
    max: 87_600,
    live: true,
  },
  {
    key: 'images.default_architecture',
    type: 'string',
    doc: 'Architecture of images that are asked for without one; unset: that of the host.',
    live: true,
  },
  {
    key: 'images.remote_cache_expiry',
    type: 'integer',
    doc: 'Days after which an image that was fetched for an instance, and that none uses, is deleted; 0: never.',
    default: '10',
    min: 0,
    max: 36_500,
    live: true,
  },
  { key: 'user.*', type: 'string', doc: 'Free text for the user.' },
];
