/** Who a virtual machine is, and what cloud-init in it is to make of it: from its config. */
import type { ConfigMap, InstanceDoc } from '../model.ts';
import type { MachineIdentity, MachineSeed } from '../ports/machine.ts';

/** A copy gets others at its making; the generation changes with each way back to a snapshot, too. */
export function identityOf({ name, config }: Pick<InstanceDoc, 'name' | 'config'>): MachineIdentity | undefined {
  const { 'volatile.uuid': uuid, 'volatile.uuid.generation': generation = uuid } = config;
  return uuid === undefined || generation === undefined ? undefined : { uuid, generation, hostname: name };
}

const empty = '#cloud-config\n{}\n';

/** Undefined where nothing asks for cloud-init. The `user.` keys are what older clients write. */
export function seedOf({ name, config: own }: InstanceDoc, config: ConfigMap): MachineSeed | undefined {
  const either = (key: string) => config[`cloud-init.${key}`] ?? config[`user.${key}`];
  const [userData, vendorData, networkConfig] = ['user-data', 'vendor-data', 'network-config'].map(either);
  const more = config['user.meta-data'];
  if ([userData, vendorData, networkConfig, more].every((text) => text === undefined)) return undefined;
  const instanceId = own['volatile.cloud-init.instance-id'] ?? own['volatile.uuid'] ?? name;
  return {
    metaData: `instance-id: ${instanceId}\nlocal-hostname: ${name}\n${more ?? ''}`,
    userData: userData ?? empty,
    vendorData: vendorData ?? empty,
    ...(networkConfig === undefined ? {} : { networkConfig }),
  };
}
