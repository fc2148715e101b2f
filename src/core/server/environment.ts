/** `environment` of GET /1.0: what this server runs on. */
import type { ServerEnvironment } from '../../api/resources/server.ts';
import type { House } from '../house.ts';
import type { PoolDoc } from '../model.ts';
import { serverAddresses } from './addresses.ts';

type Needs = Pick<House, 'facts' | 'engines' | 'drivers' | 'documents' | 'ownCertificate' | 'hostAddresses'>;

export function environment(house: Needs, project: string): ServerEnvironment {
  const own = house.ownCertificate();
  const { facts, drivers } = house;
  // Clients look here for the kinds of guests that there may be.
  const engines = Object.values(house.engines).flatMap(({ driver }) => (driver.version === 'missing' ? [] : driver));
  const used = new Set(house.documents.list<PoolDoc>('pools/').map((pool) => pool.driver));
  const storage = drivers.filter((driver) => used.has(driver.name));
  return {
    addresses: serverAddresses(house),
    architectures: [facts.architecture],
    certificate: own.certificate,
    certificate_fingerprint: own.fingerprint,
    driver: engines.map(({ name }) => name).join(' | '),
    driver_version: engines.map(({ version }) => version).join(' | '),
    firewall: 'nftables',
    kernel: 'Linux',
    kernel_architecture: facts.architecture,
    kernel_features: { idmapped_mounts: 'true', cgroups: facts.cgroups },
    kernel_version: facts.kernel,
    lxc_features: {},
    os_name: facts.osName,
    os_version: facts.osVersion,
    project,
    server: 'gasthof',
    server_clustered: false,
    server_event_mode: 'full-mesh',
    server_name: facts.serverName,
    server_pid: facts.pid,
    server_version: facts.version,
    storage: storage.map((driver) => driver.name).join(' | '),
    storage_version: storage.map((driver) => driver.version).join(' | '),
    storage_supported_drivers: drivers.map((driver) => ({ Name: driver.name, Version: driver.version, Remote: false })),
  };
}
