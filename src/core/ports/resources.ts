/** THE RESOURCES PORT: what the host has. The shapes are those of the contract, for nobody else needs them. */
import type { Resources } from '../../api/resources/host-resources.ts';

export type { Resources };
export type ResourcesCpu = Resources['cpu'];
export type ResourcesMemory = Resources['memory'];
export type ResourcesGpu = Resources['gpu'];
export type ResourcesNetwork = Resources['network'];
export type ResourcesStorage = Resources['storage'];
export type ResourcesUsb = Resources['usb'];
export type ResourcesPci = Resources['pci'];
export type ResourcesSystem = Resources['system'];
export type ResourcesLoad = Resources['load'];

export interface HostResources {
  read(): Resources;
}
