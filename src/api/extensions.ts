/**
 * What `api_extensions` says. A name is here only when it really works: clients call what is listed, and to list too much
 * is worse than to list too little.
 */

/** Extensions of Incus, in the order in which Incus got them. */
export const incusExtensions = [
  'container_last_used_at',
  'etag',
  'patch',
  'directory_manipulation',
  'container_cpu_time',
  'network',
  'profile_usedby',
  'container_exec_signal_handling',
  'storage',
  'file_delete',
  'file_append',
  'image_create_aliases',
  'container_stateless_copy',
  'entity_description',
  'file_symlinks',
  'console',
  'file_get_symlink',
  'network_leases',
  'operation_description',
  'event_lifecycle',
  'network_state',
  'container_protection_delete',
  'container_full',
  'snapshot_expiry',
  'snapshot_expiry_creation',
  'event_location',
  'container_exec_user_group_cwd',
  'instances',
  'api_filtering',
  'api_os',
  'instance_bulk_state_change',
  'server_supported_storage_drivers',
  'event_lifecycle_requestor_address',
  'instance_all_projects',
  'instance_get_full',
  'event_project',
  'instance_file_head',
  'auth_user',
  'instances_rebuild',
  'operations_get_query_all_projects',
  'metadata_configuration',
  'event_lifecycle_name_and_project',
  'operation_wait',
  'instance_create_start',
  'instance_state_started_at',
  'instances_state_os_info',
  'console_force',
] as const;

/** Our own; docs/api-extensions.md has a paragraph for each. */
export const ownExtensions = [
  'events_sequence',
  'operation_steps',
  'error_codes',
  'instance_processes',
  'image_build',
  'doctor',
  'openapi',
] as const;

export type OwnExtension = (typeof ownExtensions)[number];

export const apiExtensions: readonly string[] = [...incusExtensions, ...ownExtensions];
