/** The documents that are stored: what cannot be observed on the host. Keys are made by the functions beside each type. */
import type { CertificateType } from '../api/resources/certificates.ts';
import type { EndCause } from './ports/engine.ts';
import type { ImageTemplate } from './ports/images.ts';

export type ConfigMap = Record<string, string>;
export type DevicesMap = Record<string, ConfigMap>;

/** Stored part of an instance's state; see instances/state.ts. */
export type Phase = 'creating' | 'stopped' | 'starting' | 'running' | 'frozen' | 'stopping' | 'restoring' | 'deleting';

export type InstanceDoc = {
  /** Twelve hexadecimal digits; never changes, so that a rename touches nothing but this document. */
  id: string;
  name: string;
  project: string;
  type: 'container' | 'virtual-machine';
  architecture: string;
  description: string;
  ephemeral: boolean;
  /** It was stopped with its memory, from which it goes on. */
  stateful: boolean;
  profiles: string[];
  config: ConfigMap;
  devices: DevicesMap;
  createdAt: string;
  lastUsedAt: string;
  pool: string;
  /** Host ids of the guest: base .. base + 65535. */
  idBase: number;
  phase: Phase;
  /** The operation that put it into a passing phase, so that a restarted daemon can tell how it ended. */
  operation?: string;
  /** It is on its way down and has to come up again, whoever ends the daemon meanwhile. */
  rebooting?: boolean;
  /** What its root file system is being replaced by (phase `restoring`); a restarted daemon begins again. */
  restoring?: Replacement;
  /** Another server was told that it may let the machine go on: it must not run here unless somebody says so. */
  handedOver?: boolean | undefined;
  lastEnd?: EndCause;
  /** Hash of its metadata (`metadata/HASH`); absent: that of its image. */
  metadata?: string;
};

/** What an image says about itself, with the texts of its templates by file name; times in seconds, 0 is none. */
export type GuestMetadata = {
  architecture: string;
  creationDate: number;
  expiryDate: number;
  properties: ConfigMap;
  templates: Record<string, ImageTemplate>;
  files: Record<string, string>;
};
export type MetadataDoc = GuestMetadata & { hash: string };

/** The id of a snapshot, the fingerprint of an image, or an empty root file system. */
export type Replacement =
  /** With the memory of that time, from which it goes on. */
  { kind: 'snapshot'; id: string; memory?: true } | { kind: 'image'; fingerprint: string } | { kind: 'empty' };

export type SnapshotDoc = {
  id: string;
  instance: string;
  name: string;
  description: string;
  createdAt: string;
  expiresAt: string;
  /** The pool has the memory that it had then. */
  stateful?: true;
  state: Pick<
    InstanceDoc,
    'architecture' | 'config' | 'devices' | 'profiles' | 'ephemeral' | 'lastUsedAt' | 'metadata'
  >;
};

/** A backup of an instance; its file is kept under the id. */
export type BackupDoc = {
  id: string;
  instance: string;
  name: string;
  createdAt: string;
  /** Empty: never. */
  expiresAt: string;
  instanceOnly: boolean;
};

export type ImageDoc = {
  fingerprint: string;
  project: string;
  filename: string;
  sizeBytes: number;
  split: boolean;
  type: 'container' | 'virtual-machine';
  architecture: string;
  properties: ConfigMap;
  templates: Record<string, ImageTemplate>;
  public: boolean;
  autoUpdate: boolean;
  profiles: string[];
  createdAt: string;
  uploadedAt: string;
  expiresAt: string;
  lastUsedAt: string;
  /** Fetched for an instance and not by a person: it goes when nobody has used it for some days. */
  cached?: boolean;
  /** Fingerprint of the newer image that took its aliases; it stays as long as an instance was made from it. */
  supersededBy?: string;
  /** Where it came from and where a newer one may be. */
  updateSource?: UpdateSource;
};

/** `protocol` is one of incus, lxd, simplestreams. */
export type UpdateSource = { alias: string; certificate: string; protocol: string; server: string; imageType: string };

/** `type` is that of the image that it names; a name may be given once for each. */
export type AliasDoc = {
  name: string;
  project: string;
  description: string;
  target: string;
  /** @default container */
  type?: 'virtual-machine';
};
export type ProfileDoc = { name: string; project: string; description: string; config: ConfigMap; devices: DevicesMap };
export type NetworkDoc = { name: string; description: string; type: 'bridge'; config: ConfigMap };
/** Ports as users write them; the names of the fields are those of the API. */
export type ForwardDoc = {
  network: string;
  address: string;
  description: string;
  config: ConfigMap;
  ports: { description: string; protocol: string; listen_port: string; target_port: string; target_address: string }[];
};
/** Absent fields: any. */
export type AclRuleDoc = {
  action: string;
  state: string;
  source?: string;
  destination?: string;
  protocol?: string;
  source_port?: string;
  destination_port?: string;
  icmp_type?: string;
  icmp_code?: string;
  description?: string;
};
export type AclDoc = {
  name: string;
  description: string;
  ingress: AclRuleDoc[];
  egress: AclRuleDoc[];
  config: ConfigMap;
};
export type PoolDoc = { name: string; description: string; driver: string; config: ConfigMap };

/** A custom volume. The project is the one whose volumes are used, see projects/features.ts. */
export type VolumeDoc = {
  /** Twelve hexadecimal digits; the pool knows it by this. */
  id: string;
  pool: string;
  project: string;
  name: string;
  description: string;
  contentType: 'filesystem' | 'block' | 'iso';
  config: ConfigMap;
  createdAt: string;
};
export type VolumeSnapshotDoc = {
  id: string;
  volume: string;
  name: string;
  description: string;
  config: ConfigMap;
  createdAt: string;
  /** Empty: never. */
  expiresAt: string;
};

/** A tarball of a volume, kept by the backups port under the same id. */
export type VolumeBackupDoc = {
  id: string;
  volume: string;
  name: string;
  createdAt: string;
  /** Empty: never. */
  expiresAt: string;
  volumeOnly: boolean;
};

export type ProjectDoc = { name: string; description: string; config: ConfigMap };
export type CertificateDoc = {
  /** SHA-256 of the DER form, in hexadecimal. */
  fingerprint: string;
  name: string;
  type: CertificateType;
  restricted: boolean;
  projects: string[];
  /** PEM text. */
  certificate: string;
  description: string;
};
export type ServerDoc = { config: ConfigMap };
/** When the images were last compared with their sources. */
export type ImageCheckDoc = { at: string };
export type WarningDoc = {
  uuid: string;
  /** What is wrong, in a few words without names. */
  kind: string;
  /** URL of what it is about; empty: the server. */
  entity: string;
  project: string;
  severity: 'low' | 'moderate' | 'high';
  status: 'new' | 'acknowledged' | 'resolved';
  message: string;
  count: number;
  firstSeenAt: string;
  lastSeenAt: string;
};

export const keys = {
  instance: (id: string) => `instances/${id}`,
  snapshot: (instance: string, id: string) => `snapshots/${instance}/${id}`,
  metadata: (hash: string) => `metadata/${hash}`,
  snapshotsOf: (instance: string) => `snapshots/${instance}/`,
  backup: (instance: string, id: string) => `backups/${instance}/${id}`,
  backupsOf: (instance: string) => `backups/${instance}/`,
  /** Files of images are shared by all projects, documents are not. */
  image: (project: string, fingerprint: string) => `images/${project}/${fingerprint}`,
  /** Names of aliases have slashes in them. */
  alias: (project: string, name: string, type: 'container' | 'virtual-machine' = 'container') =>
    `aliases/${project}/${encodeURIComponent(name)}${type === 'container' ? '' : '#machine'}`,
  profile: (project: string, name: string) => `profiles/${project}/${name}`,
  network: (name: string) => `networks/${name}`,
  forward: (network: string, address: string) => `forwards/${network}/${address}`,
  acl: (name: string) => `network-acls/${name}`,
  pool: (name: string) => `pools/${name}`,
  volume: (id: string) => `volumes/${id}`,
  volumeSnapshot: (volume: string, id: string) => `volume-snapshots/${volume}/${id}`,
  volumeSnapshotsOf: (volume: string) => `volume-snapshots/${volume}/`,
  volumeBackup: (volume: string, id: string) => `volume-backups/${volume}/${id}`,
  volumeBackupsOf: (volume: string) => `volume-backups/${volume}/`,
  project: (name: string) => `projects/${name}`,
  certificate: (fingerprint: string) => `certificates/${fingerprint}`,
  warning: (uuid: string) => `warnings/${uuid}`,
  server: 'server/config',
  imageCheck: 'server/image-check',
} as const;
