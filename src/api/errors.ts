/**
 * THE ERROR CATALOGUE: everything that can be the caller's fault, with its HTTP status and text. Texts keep the words
 * that Incus clients and scripts match. `help` says what to do. `{x}` is filled from the error's parameters.
 */
import { machineErrors } from './machine-errors.ts';
import { storageErrors } from './storage-errors.ts';

export type ErrorEntry = { status: number; text: string; help?: string };

export const errorCatalogue = {
  'request.invalid-json': { status: 400, text: 'The body is not valid JSON: {reason}' },
  'request.invalid': { status: 400, text: 'Invalid request: {reason}' },
  'request.too-large': {
    status: 413,
    text: 'The body is larger than {limit}',
    help: 'Send files and images as a stream, not as JSON',
  },
  'request.not-found': { status: 404, text: 'not found' },
  'request.not-implemented': { status: 501, text: 'not implemented' },
  'request.forbidden': { status: 403, text: 'not authorized' },
  'auth.restricted': { status: 403, text: 'Certificate is restricted' },
  'auth.project': { status: 403, text: 'User does not have permissions for project "{project}"' },
  'request.etag': {
    status: 412,
    text: "ETag doesn't match: {have} vs {got}",
    help: 'Read the object again, repeat the change on it and send it with its new ETag',
  },
  'request.conflict': {
    status: 409,
    text: 'The object was changed by somebody else meanwhile: {reason}',
    help: 'Repeat the call',
  },
  'request.filter': { status: 400, text: '{reason}' },
  'host.refused': { status: 500, text: '{reason}' },
  internal: {
    status: 500,
    text: 'Internal error: {reason}',
    help: 'This is a bug of Gasthof; the log of the daemon has the details',
  },

  'project.not-found': { status: 404, text: 'Project not found', help: 'gast project list' },
  'project.all': { status: 400, text: 'Cannot specify a project when requesting all projects' },
  'project.name': { status: 400, text: '{reason}' },
  'project.exists': { status: 409, text: 'A project named "{name}" already exists' },
  'project.default': { status: 403, text: "The 'default' project cannot be {action}" },
  'project.not-empty': {
    status: 400,
    text: 'Only empty projects can be {action}',
    help: 'gast project show lists what is in it; gast project delete --force deletes that too',
  },
  'project.not-emptied': { status: 500, text: 'The project {name} could not be emptied: {reason}' },
  'project.config': { status: 400, text: '{reason}' },
  'project.features': { status: 400, text: '{reason}' },
  'project.limit': { status: 403, text: '{reason}', help: 'gast project info shows limits and usage' },
  'project.restricted': { status: 403, text: '{reason}', help: 'gast project show lists the restrictions' },

  'instance.name': { status: 400, text: '{reason}' },
  'instance.not-found': { status: 404, text: 'Instance not found', help: 'gast list shows what is there' },
  'instance.exists': {
    status: 409,
    text: 'Instance "{name}" already exists',
    help: 'Choose another name, or: gast delete {name}',
  },
  'instance.running': { status: 400, text: 'Instance is running', help: 'gast stop {name}, or add --force' },
  'instance.not-running': { status: 400, text: 'Instance is not running', help: 'gast start {name}' },
  'instance.already-running': { status: 400, text: 'The instance is already running' },
  'instance.already-stopped': { status: 400, text: 'The instance is already stopped' },
  'instance.already-frozen': { status: 400, text: 'The instance is already frozen' },
  'instance.not-frozen': { status: 400, text: 'The instance is not frozen' },
  'instance.frozen': { status: 400, text: 'The instance is frozen', help: 'gast resume {name}' },
  'instance.busy': {
    status: 400,
    text: 'Instance is busy running a {action} operation',
    help: 'gast operation list shows it',
  },
  'instance.protected': {
    status: 400,
    text: 'Instance is protected',
    help: 'gast config set {name} security.protection.delete=false',
  },
  'instance.config': { status: 400, text: 'Invalid config: {reason}' },
  'instance.device-failed': { status: 400, text: 'Failed to {verb} device "{device}": {reason}' },
  'instance.devices': { status: 400, text: 'Invalid devices: Device validation failed for "{device}": {reason}' },
  'instance.type': {
    status: 400,
    text: 'Invalid instance type "{type}"',
    help: 'container and virtual-machine are what this server runs',
  },
  'instance.no-root-disk': {
    status: 400,
    text: 'Failed creating instance record: Failed initializing instance: Failed getting root disk: No root device could be found',
    help: 'Give the profile or the instance a disk device with path=/ and a pool',
  },
  'instance.stop-timeout': {
    status: 400,
    text: 'The instance {name} did not stop within {seconds} s',
    help: 'gast stop {name} --force',
  },
  'instance.refresh-running': { status: 400, text: 'Cannot refresh a running instance' },
  'instance.move-running': { status: 400, text: 'Instance must be stopped to be moved across {how}' },
  'instance.source': { status: 400, text: 'Invalid source: {reason}' },
  'migration.failed': { status: 500, text: 'Error transferring instance data: {reason}' },
  'migration.mode': { status: 501, text: 'Mode "{mode}" not implemented', help: 'use the mode pull, push or relay' },
  'migration.secret': { status: 400, text: 'Expected "{name}" connection secret missing from the migration request' },
  'migration.address': { status: 400, text: 'Invalid address of the other operation: {reason}' },
  'migration.live': {
    status: 400,
    text: "Unable to perform container live migration. CRIU isn't installed on the source server. To migrate the container, stop the container before migration",
    help: 'incus copy --stateless, or stop the instance first',
  },
  'instance.limit': { status: 400, text: 'Limit refused: {reason}' },
  'instance.volatile': { status: 400, text: "Volatile idmap keys can't be deleted by the user" },

  'snapshot.not-found': { status: 404, text: 'Instance snapshot not found', help: 'gast snapshot list {instance}' },
  'snapshot.exists': {
    status: 409,
    text: 'Snapshot "{name}" already exists',
    help: 'Choose another name or add --reuse',
  },
  'snapshot.name': { status: 400, text: 'Invalid snapshot name: {reason}' },
  'snapshot.stateful': {
    status: 400,
    text: 'Stateful {what} require that the instance has migration.stateful be set to true',
    help: 'The memory of a container cannot be saved: leave out --stateful',
  },

  'exec.command': { status: 400, text: 'Invalid command: {reason}' },
  'exec.cwd': { status: 400, text: 'Invalid working directory "{cwd}": {reason}' },
  'exec.not-found': { status: 400, text: 'Command not found' },
  'exec.not-executable': { status: 400, text: 'Command not executable' },
  'instance.port': {
    status: 502,
    text: 'Port {port} of {name} does not answer: {reason}',
    help: 'gast exec {name} -- ss -ltn shows where its programs listen',
  },
  'console.type': {
    status: 400,
    text: 'Unknown console type "{type}"',
    help: 'console is the serial line; vga (SPICE) and vnc are the screen of a virtual machine',
  },
  'console.busy': { status: 400, text: 'This console is already connected', help: 'Add --force to take it over' },

  'file.not-found': { status: 404, text: 'file does not exist: {path}' },
  'file.refused': { status: 400, text: '{reason}' },
  'file.no-space': {
    status: 500,
    text: 'No space left on the disk for {path}',
    help: 'Free some space; nothing was changed',
  },
  'template.not-found': { status: 404, text: 'Template not found', help: 'gast config template list INSTANCE' },
  'template.broken': { status: 400, text: 'The template of {path} cannot be used: {reason}' },
  'log.not-found': { status: 404, text: 'Log file not found' },

  'image.not-found': {
    status: 404,
    text: 'Image "{name}" not found',
    help: 'gast image list; gast image build debian/12 makes one',
  },
  'image.ambiguous': {
    status: 400,
    text: 'Fingerprint prefix "{fingerprint}" fits more than one image',
    help: 'Give more characters',
  },
  'image.exists': { status: 409, text: 'Image with same fingerprint already exists' },
  'image.invalid': { status: 400, text: 'Invalid image: {reason}' },
  'image.no-space': {
    status: 500,
    text: 'No space left on the disk for the image: {reason}',
    help: 'Free some space; nothing was changed',
  },
  'image.no-recipe': {
    status: 404,
    text: 'Image "{alias}" not found',
    help: 'gast image list; what can be built here: {recipes}',
  },
  'image.source': { status: 400, text: 'Invalid image source: {reason}' },
  'image.remote': { status: 400, text: 'Failed getting the image from {server}: {reason}' },
  'image.missing': { status: 404, text: 'Image not found: {reason}' },
  'image.type': {
    status: 400,
    text: 'Requested image\'s type "{type}" doesn\'t match instance type "{instance}"',
  },
  'image.no-update': {
    status: 400,
    text: 'This image has no source that it could be refreshed from',
    help: 'gast image copy with --auto-update keeps the source',
  },
  'alias.not-found': { status: 404, text: 'Image alias not found' },
  'alias.exists': { status: 409, text: 'Alias "{name}" already exists' },
  'alias.name': { status: 400, text: 'Invalid alias name "{name}": {reason}' },

  'profile.not-found': { status: 404, text: 'Profile not found', help: 'gast profile list' },
  'profile.twice': { status: 400, text: 'The profile "{name}" is named twice' },
  'profile.exists': { status: 409, text: 'Profile "{name}" already exists' },
  'profile.name': { status: 400, text: 'Invalid profile name: {reason}' },
  'profile.in-use': { status: 400, text: 'Profile is currently in use' },
  'profile.default': { status: 403, text: 'The "default" profile cannot be {action}' },

  'network.not-found': { status: 404, text: 'Network not found', help: 'gast network list' },
  'network.exists': { status: 409, text: 'The network already exists' },
  'network.name': { status: 400, text: 'Invalid network name: {reason}' },
  'network.type': { status: 400, text: 'Network type "{type}" is not available here', help: 'bridge is' },
  'network.in-use': { status: 400, text: 'The network is currently in use' },
  'network.config': { status: 400, text: 'Invalid network config: {reason}' },
  'network.overlap': {
    status: 400,
    text: 'The subnet {subnet} overlaps with {other}',
    help: 'Choose another subnet, or auto for a free one',
  },
  'network.full': { status: 400, text: 'The network {network} has no free address left in {subnet}' },
  'network.name-taken': {
    status: 409,
    text: 'Instance DNS name "{name}" already used on network',
    help: 'It belongs to a guest of the project {project}; choose another name or another network',
  },
  'network.mac-taken': {
    status: 400,
    text: 'Failed start validation for device "{device}": MAC address "{hwaddr}" already defined on another NIC',
    help: 'Remove the key volatile.{device}.hwaddr or give the device another hwaddr',
  },
  'network.address-taken': { status: 400, text: 'The address {address} belongs to {owner}' },

  'network.forward': { status: 400, text: '{reason}' },
  'network.forward-not-found': { status: 404, text: 'Network forward not found', help: 'gast network forward list' },
  'network.forward-exists': { status: 400, text: 'A forward for that listen address already exists' },
  'network.acl': { status: 400, text: '{reason}' },
  'network.acl-not-found': { status: 404, text: 'Network ACL not found', help: 'gast network acl list' },
  'network.acl-exists': { status: 400, text: 'The network ACL already exists' },
  'network.acl-in-use': { status: 400, text: 'Cannot delete an ACL that is in use' },
  'network.cannot': { status: 400, text: 'Network driver "{type}" does not support {what}' },

  'operation.not-found': { status: 404, text: 'Operation not found' },
  'operation.not-running': { status: 400, text: 'Only running operations can be cancelled' },
  'operation.not-cancellable': { status: 400, text: "This operation can't be cancelled" },
  'operation.secret': { status: 403, text: 'not authorized' },
  'operation.no-client': {
    status: 400,
    text: 'No client connected to the websocket "{name}" within {seconds} s',
    help: 'Connect with the secrets of metadata.fds as soon as the operation is there',
  },
  'operation.cancelled': { status: 400, text: 'The operation was cancelled' },
  'operation.interrupted': {
    status: 500,
    text: 'The daemon was stopped in the middle of this operation; what it had done was undone',
  },
  'certificate.not-found': { status: 404, text: 'Certificate not found', help: 'gast config trust list' },
  'certificate.ambiguous': {
    status: 400,
    text: 'Fingerprint prefix "{fingerprint}" fits more than one certificate',
    help: 'Give more characters',
  },
  'certificate.exists': { status: 409, text: 'Certificate already in trust store' },
  'certificate.invalid': { status: 400, text: 'Invalid certificate material: {reason}' },
  'certificate.missing': { status: 400, text: "Can't use TLS data on non-TLS link" },
  'certificate.request': { status: 400, text: '{reason}' },
  'certificate.type': {
    status: 400,
    text: 'Unknown request type "{type}"',
    help: 'client, server and metrics are possible',
  },
  'certificate.name': { status: 400, text: 'Invalid certificate name', help: 'One line of at most 255 characters' },
  'token.expired': { status: 403, text: 'Token has expired', help: 'Ask for a new one: gast config trust add' },
  'warning.not-found': { status: 404, text: 'Warning not found', help: 'gast warning list' },
  'event.type': { status: 400, text: "{type} isn't a supported event type" },
  'server.config': { status: 400, text: 'Invalid server config: {reason}' },
  ...machineErrors,
  ...storageErrors,
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCatalogue;
export type ErrorParams = Record<string, string | number>;

/** An error of the catalogue. `fail` throws it. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly params: ErrorParams;
  readonly help: string | undefined;

  constructor(code: ErrorCode, params: ErrorParams = {}, cause?: unknown) {
    const entry: ErrorEntry = errorCatalogue[code];
    super(fill(entry.text, params), cause === undefined ? undefined : { cause });
    this.name = 'ApiError';
    this.code = code;
    this.status = entry.status;
    this.params = params;
    this.help = entry.help === undefined ? undefined : fill(entry.help, params);
  }
}

export function fail(code: ErrorCode, params: ErrorParams = {}, cause?: unknown): never {
  throw new ApiError(code, params, cause);
}

function fill(text: string, params: ErrorParams): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in params ? String(params[name]) : whole));
}
