/**
 * What a backup says about its instance, in the words of Incus: index.yaml for whoever imports it, backup.yaml and
 * metadata.yaml in each state for Incus, which reads them there.
 */
import { zeroTime } from '../../api/schema.ts';
import { templateEntries } from '../../lib/template-entries.ts';
import type { House } from '../house.ts';
import { expand, knownProfiles } from '../instances/expand.ts';
import { instanceView, snapshotView } from '../instances/view.ts';
import {
  type ConfigMap,
  type GuestMetadata,
  type InstanceDoc,
  keys,
  type ProfileDoc,
  type SnapshotDoc,
} from '../model.ts';
import { projectFor } from '../projects/features.ts';

type Needs = Pick<House, 'documents' | 'facts' | 'runtime'>;

/** The archive holds plain trees, which is what the driver of this name has. */
const backend = 'dir';

export type ExportedConfig = ReturnType<typeof exportedConfig>;

export function exportedIndex(doc: InstanceDoc, snapshots: readonly SnapshotDoc[], config: ExportedConfig) {
  return {
    name: doc.name,
    backend,
    pool: doc.pool,
    snapshots: snapshots.map(({ name }) => name),
    optimized: false,
    optimized_header: false,
    type: doc.type,
    config,
  };
}

export function exportedConfig(house: Needs, doc: InstanceDoc, snapshots: readonly SnapshotDoc[]) {
  const owner = projectFor(house, 'profiles', doc.project);
  const names = knownProfiles(house, doc.project, doc.profiles);
  const profiles = names.map((name) => house.documents.get<ProfileDoc>(keys.profile(owner, name)));
  const { config } = expand(house, doc);
  // Files travel with unshifted ids; Incus knows no such key of machines.
  const unshifted: ConfigMap = doc.type === 'container' ? { 'volatile.last_state.idmap': '[]' } : {};
  const volume = {
    config: {},
    description: '',
    content_type: doc.type === 'container' ? 'filesystem' : 'block',
  };
  return {
    container: {
      ...instanceView(house, doc),
      status: 'Stopped',
      status_code: 102,
      config: { ...travellingConfig(doc.config), ...unshifted },
      expanded_config: { ...travellingConfig(config), ...unshifted },
    },
    snapshots: snapshots.map((snapshot) => {
      const shown = snapshotView(house, doc, snapshot);
      return {
        ...shown,
        config: { ...travellingConfig(shown.config), ...unshifted },
        expanded_config: { ...travellingConfig(shown.expanded_config ?? {}), ...unshifted },
        size: -1,
      };
    }),
    pool: {
      config: {},
      description: '',
      name: doc.pool,
      driver: backend,
      used_by: [],
      status: 'Created',
      locations: ['none'],
    },
    profiles: profiles.map((profile) => ({ ...profile, used_by: [] })),
    volume: {
      ...volume,
      name: doc.name,
      type: doc.type,
      used_by: [],
      location: 'none',
      project: doc.project,
      created_at: doc.createdAt,
    },
    volume_snapshots: snapshots.map((snapshot) => ({
      ...volume,
      name: snapshot.name,
      created_at: snapshot.createdAt,
      expires_at: snapshot.expiresAt || zeroTime,
    })),
  };
}

const travels =
  /^volatile\.(base_image|uuid|uuid\.generation|cloud-init\.instance-id|apply_template|vm\.definition|[^.]+\.hwaddr)$/;

/** All but what belongs to this host: id maps, names of links, the last state. */
export function travellingConfig(config: ConfigMap): ConfigMap {
  const kept = Object.entries(config).filter(([key]) => !key.startsWith('volatile.') || travels.test(key));
  return Object.fromEntries(kept);
}

/** The files beside the root file system of a state. */
export function exportedFiles(metadata: GuestMetadata, config: ExportedConfig): Record<string, unknown> {
  return {
    'backup.yaml': config,
    'metadata.yaml': {
      architecture: metadata.architecture,
      creation_date: metadata.creationDate,
      expiry_date: metadata.expiryDate,
      properties: metadata.properties,
      templates: templateEntries(metadata.templates),
    },
    ...Object.fromEntries(Object.entries(metadata.files).map(([name, text]) => [`templates/${name}`, text])),
  };
}
