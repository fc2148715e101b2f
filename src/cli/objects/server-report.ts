/** `gast info` and `gast version` of the server, as text. Pure. */
import type { Server } from '../../api/resources/server.ts';

export function serverReport({ environment, auth, config, api_version }: Server): string {
  if (environment === undefined) return `API: ${api_version}\nAuthenticated: ${auth}\n`;
  const drivers = environment.storage_supported_drivers.map((driver) => `${driver.Name} ${driver.Version}`.trim());
  const lines = [
    `Server: ${environment.server} ${environment.server_version}`,
    `Name: ${environment.server_name}`,
    `PID: ${environment.server_pid}`,
    `API: ${api_version}`,
    `System: ${environment.os_name} ${environment.os_version}, kernel ${environment.kernel_version} (${environment.kernel_architecture})`,
    `Engines: ${environment.driver} ${environment.driver_version}`,
    `Storage: ${environment.storage || 'none'}; available: ${drivers.join(', ')}`,
    `Firewall: ${environment.firewall}`,
    ...(environment.addresses.length > 0 ? [`Addresses: ${environment.addresses.join(', ')}`] : []),
    ...Object.entries(config).map(([key, value]) => `Config: ${key}=${value}`),
  ];
  return `${lines.join('\n')}\n`;
}
