/** What is known of the suites of the Incus project: which do not apply, what is left out, which lines look inside Incus. */
import type { Expectation } from './outcome.ts';

/** The line numbers below are those of this version. */
export const incusVersion = '6.0.4';
export const timeLimitSeconds = 300;

export const notApplicable: readonly { suites: readonly RegExp[]; why: string }[] = [
  { suites: [/^test_check_deps$/], why: 'asks which libraries the incus program is linked with' },
  {
    suites: [/^test_database_/, /^test_sql$/, /_recover$/, /^test_snap_volume_db_recovery$/],
    why: "works on Incus's own database",
  },
  { suites: [/^test_clustering_/], why: 'clusters: a Gasthof server stands alone' },
  { suites: [/^test_(oidc|openfga|tls_jwt|dev_incus)$/], why: 'needs a program of its own, built from sources' },
  { suites: [/_sriov$/, /_infiniband_/], why: 'needs special network cards' },
  { suites: [/^test_storage_driver_/], why: 'a storage driver that Gasthof does not have' },
  { suites: [/^test_storage_bucket/], why: 'storage buckets: Gasthof has none' },
  { suites: [/^test_network_zone$/], why: 'DNS zones: Gasthof has none' },
  { suites: [/^test_container_syscall_interception$/], why: 'needs a program of its own, built from sources' },
  { suites: [/^test_(fuidshift|lxc_to_incus|incus_user)$/], why: 'tests another program of the Incus project' },
  { suites: [/^test_syslog_socket$/], why: 'logs of OVN; Gasthof has no OVN' },
  { suites: [/^test_container_devices_(tpm|gpu)$/], why: 'needs hardware' },
  { suites: [/^test_(warnings|fdleak)$/], why: "uses the debugging interface inside Incus's daemon" },
  { suites: [/^test_(idmap|image_acl)$/], why: 'expects the id range of Incus itself (from 1000000 on)' },
  { suites: [/^test_image_expiry$/], why: "sets times in Incus's own database" },
];

/** Suites that want a terminal. */
export const atTerminal: readonly string[] = ['test_config_edit', 'test_container_snapshot_config'];

/** Functions that do nothing, because they would change the machine and not only the laboratory. */
export const leftOut: Readonly<Record<string, readonly string[]>> = {
  test_config_profiles: ['testloopmounts', 'testunixdevs'],
  test_container_devices_disk: ['test_container_devices_raw_mount_options'],
};

const folders = "looks into the folders of Incus's daemon";
const privileged = 'privileged guests: Gasthof has none';
const rawLxc = 'raw.lxc: the engine is not LXC';

export const expectation: Expectation = {
  inside: [
    { file: 'basic.sh', lines: [477, 478, 534], why: folders },
    { file: 'basic.sh', lines: [209, 532], why: privileged },
    { file: 'basic.sh', lines: [302], why: rawLxc },
    { file: 'basic.sh', lines: [314, 375], why: "starts Incus's own daemon" },
    { file: 'backup.sh', lines: [875, 894, 904], why: folders },
    {
      file: 'backup.sh',
      lines: [945, 949, 956],
      why: 'a backup that would be over at once is refused; Incus makes it and deletes it at the next start',
    },
    {
      file: 'backup.sh',
      lines: [460, 462, 464, 471, 472, 473],
      why: 'config of the volume of a guest: Gasthof has none beside that of the guest',
    },
    { file: 'backup.sh', lines: [615], why: 'the same refusal in other words' },
    { file: 'config.sh', lines: [172, 194], why: rawLxc },
    {
      file: 'config.sh',
      lines: [242, 243, 249],
      why: 'core.metrics_authentication: metrics always want a certificate',
    },
    {
      file: 'config.sh',
      lines: [364, 365, 367, 369, 370],
      why: 'config of the volume of a guest: Gasthof has none beside that of the guest',
    },
    { file: 'container_devices_unix.sh', lines: [53, 61, 80, 87, 156], why: folders },
    {
      file: 'container_devices_disk.sh',
      lines: [73, 74, 75, 78, 79, 80, 86, 87, 88, 90],
      why: 'privileged guests and security.idmap.isolated: every guest has ids of its own here',
    },
    {
      file: 'container_local_cross_pool_handling.sh',
      lines: [108, 109, 114, 115],
      why: 'config of the volume of a guest: Gasthof has none beside that of the guest',
    },
    { file: 'filemanip.sh', lines: [115, 116, 117], why: 'raw.idmap: every guest has ids of its own here' },
    {
      file: 'filtering.sh',
      lines: [21, 22, 23, 24, 25, 26, 53, 56, 59, 65, 66, 67, 68, 69],
      why: 'DNS zones and OVN: Gasthof has none',
    },
    {
      file: 'incremental_copy.sh',
      lines: [30, 45, 66, 68, 70, 86, 87, 88, 93],
      why: 'config of the volume of a guest: Gasthof has none beside that of the guest',
    },
    {
      file: 'metrics.sh',
      lines: [36, 39, 45, 49, 50, 53],
      why: 'core.metrics_address: metrics have no address of their own',
    },
    {
      file: 'network.sh',
      lines: [13, 14],
      why: 'asks for names below .incus (the domain of a network is .gast unless dns.domain says otherwise), with dig',
    },
    { file: 'network.sh', lines: [77, 78], why: folders },
    {
      file: 'network_acl.sh',
      lines: [8, 10, 11, 14, 16, 19],
      why: 'projects with networks of their own: bridges belong to the default project',
    },
    { file: 'network_forward.sh', lines: [33, 143], why: "uses the debugging interface inside Incus's daemon" },
    {
      file: 'network_forward.sh',
      lines: [47, 48, 49, 76, 77, 78, 94, 95, 96, 113, 114, 115, 116, 117, 118, 119, 126, 127, 128, 137, 138, 139],
      why: "looks for Incus's own nftables chains",
    },
    { file: 'projects.sh', lines: [51, 56, 291], why: 'expects descriptions that name Incus' },
    { file: 'security.sh', lines: [26, 28, 29], why: privileged },
    {
      file: 'snapshots.sh',
      lines: [30, 36, 42, 48, 82, 86, 89, 90, 195, 205, 211, 313],
      why: folders,
    },
    {
      file: 'snapshots.sh',
      lines: [141, 165, 173],
      why: 'config of the volume of a guest: Gasthof has none beside that of the guest',
    },
    {
      file: 'security.sh',
      lines: [184, 195, 196, 197, 198],
      why: 'security.protection.shift: no guest is ever shifted, its files lie as ids of their own maps see them',
    },
    { file: 'storage.sh', lines: [186, 187], why: 'rsync.bwlimit: copies inside a server do not go through rsync' },
    {
      file: 'storage_profiles.sh',
      lines: [27, 45, 73, 97, 108, 113, 116],
      why: 'needs a second storage driver that is not dir',
    },
    { file: 'storage_volume_attach.sh', lines: [17], why: 'reads the id range of Incus from /etc/subuid' },
  ],
  known: {
    test_image_auto_update: 'the second start of the server is not ready in time; not examined further',
    test_image_refresh: 'the old image is still there after the refresh; not examined further',
    test_storage_profiles: 'needs a second storage driver that is not dir',
    test_container_local_cross_pool_handling: 'needs btrfs when its program is there',
    test_backup_import: 'takes longer than its time on a slow machine',
    test_container_metadata: 'a template of the image is not listed; not examined further',
    test_projects_limits: 'limits.disk of a project does not count images',
    test_projects_restrictions:
      'restricted.devices.nic=block does not hide networks; raw.idmap, security.nesting and privileged guests are not there',
    test_container_devices_disk_restricted:
      'a source that a link leads out of the allowed folder is refused earlier; raw.idmap and restricted.idmap.* are not there',
    test_container_devices_nic_bridged_vlan: 'VLANs of cards (vlan, vlan.tagged) are not there',
    test_snap_schedule: 'a forced restart takes no @startup snapshot at once',
    test_snap_restore: 'takes longer than its time on a slow machine',
    test_basic_usage:
      'options of compression programs, security.syscalls.*, boot.autorestart and volatile.apply_template of a rename are not there',
    test_cloud_init: 'the id that cloud-init sees stays when a guest is renamed or its cloud-init keys or cards change',
    test_container_devices_nic_bridged:
      'ipv4.routes and ipv6.routes of cards, dns.mode and ipv6.dhcp.stateful of networks are not there; looks into files of dnsmasq',
    test_container_devices_nic_bridged_filtering:
      "looks for Incus's own nftables chains; ipv4.dhcp.ranges, ipv4.routing, bridge.hwaddr and others of networks are not there",
    test_container_devices_nic_p2p:
      'ipv4.routes and ipv6.routes of cards are not there, and limits are not made with the tc classes that are looked for',
    test_container_devices_nic_bridged_acl: 'ipv6.dhcp.stateful of networks is not there',
    test_container_devices_nic_macvlan: 'ip of this machine knows no dummy device; the laboratory loads no modules',
    test_container_devices_unix_char: 'two devices at the same path are refused, Incus lets the first one win',
    test_container_devices_unix_block: 'two devices at the same path are refused, Incus lets the first one win',
    test_network_dhcp_routes: 'ipv4.dhcp.routes is not there',
    test_container_devices_proxy:
      "changes Incus's own database, and its networks want dns.mode and ipv6.dhcp.stateful, which are not there",
    test_container_devices_nic_physical: 'ip of this machine knows no dummy device; the laboratory loads no modules',
    test_kernel_limits: 'limits.kernel.* is not there',
    test_network:
      'dns.mode, ipv4.routing, ipv6.routing, ipv6.dhcp.stateful and bridge.hwaddr are not there; an address that is unset is chosen anew',
    test_network_forward: 'a port may go to the address that everything goes to already; Incus refuses that',
    test_network_acl: 'an empty description and an empty list of rules are shown differently',
    test_migration:
      "looks into the folders of Incus's daemon; the volume of a guest has no config of its own; lines from 433 on not examined further",
    test_property: 'times are kept in milliseconds and UTC, not as sent; a snapshot that is over goes at once',
    test_server_config: 'storage.backups_volume and storage.images_volume are not there',
    test_storage_volume_import: 'an ISO volume can be copied onto itself with --refresh',
  },
};
