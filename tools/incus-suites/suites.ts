/** What is known of the suites of the Incus project: which do not apply, what is left out, which lines look inside Incus. */
import type { Expectation } from './outcome.ts';

/** The line numbers below are those of this version. */
export const incusVersion = '6.0.4';
export const timeLimitSeconds = 300;

export const notApplicable: readonly { suites: readonly RegExp[]; why: string }[] = [
  { suites: [/^test_check_deps$/], why: 'asks which libraries the incus program is linked with' },
  {
    suites: [/^test_database_/, /^test_sql$/, /^test_.*_recover$/, /^test_snap_volume_db_recovery$/],
    why: "works on Incus's own database",
  },
  { suites: [/^test_clustering_/], why: 'clusters; a Gasthof server stands alone' },
  {
    suites: [/^test_oidc$/, /^test_openfga$/, /^test_tls_jwt$/],
    why: 'needs a program of its own, built from sources',
  },
  { suites: [/_sriov$/, /_infiniband_/], why: 'needs special network cards' },
  { suites: [/^test_storage_driver_/], why: 'a storage driver that Gasthof does not have' },
  { suites: [/^test_storage_bucket/, /^test_bucket_/], why: 'storage buckets: Gasthof has none' },
  { suites: [/^test_container_syscall_interception$/], why: 'needs a program of its own, built from sources' },
  { suites: [/^test_(fuidshift|lxc_to_incus|incus_user)$/], why: 'tests another program of the Incus project' },
  { suites: [/^test_syslog_socket$/], why: 'logs of OVN; Gasthof has no OVN' },
];

/** Functions that do nothing, because they would change the machine and not only the laboratory. */
export const leftOut: Readonly<Record<string, readonly string[]>> = {
  test_config_profiles: ['testloopmounts', 'testunixdevs'],
  test_container_devices_disk: ['test_container_devices_raw_mount_options'],
};

export const expectation: Expectation = { inside: [], known: {} };
