/** The table of all commands, in the order in which help shows them. */
import type { Command } from './command.ts';
import { configDeviceAdd } from './commands/config/device-add.ts';
import { configDeviceGet } from './commands/config/device-get.ts';
import { configDeviceList } from './commands/config/device-list.ts';
import { configDeviceOverride } from './commands/config/device-override.ts';
import { configDeviceRemove } from './commands/config/device-remove.ts';
import { configDeviceSet } from './commands/config/device-set.ts';
import { configDeviceShow } from './commands/config/device-show.ts';
import { configDeviceUnset } from './commands/config/device-unset.ts';
import { configEdit } from './commands/config/edit.ts';
import { configGet } from './commands/config/get.ts';
import { configSet } from './commands/config/set.ts';
import { configShow } from './commands/config/show.ts';
import { configUnset } from './commands/config/unset.ts';
import { fileDelete } from './commands/file/delete.ts';
import { fileEdit } from './commands/file/edit.ts';
import { filePull } from './commands/file/pull.ts';
import { filePush } from './commands/file/push.ts';
import { imageAliasCreate } from './commands/image/alias-create.ts';
import { imageAliasDelete } from './commands/image/alias-delete.ts';
import { imageAliasList } from './commands/image/alias-list.ts';
import { imageAliasRename } from './commands/image/alias-rename.ts';
import { imageBuild } from './commands/image/build.ts';
import { imageDelete } from './commands/image/delete.ts';
import { imageEdit } from './commands/image/edit.ts';
import { imageExport } from './commands/image/export.ts';
import { imageImport } from './commands/image/import.ts';
import { imageInfo } from './commands/image/info.ts';
import { imageList } from './commands/image/list.ts';
import { imageSetProperty } from './commands/image/set-property.ts';
import { imageShow } from './commands/image/show.ts';
import { consoleCommand } from './commands/instance/console.ts';
import { copy } from './commands/instance/copy.ts';
import { deleteInstance } from './commands/instance/delete.ts';
import { exec } from './commands/instance/exec.ts';
import { info } from './commands/instance/info.ts';
import { init } from './commands/instance/init.ts';
import { launch } from './commands/instance/launch.ts';
import { list } from './commands/instance/list.ts';
import { pause } from './commands/instance/pause.ts';
import { publish } from './commands/instance/publish.ts';
import { rename } from './commands/instance/rename.ts';
import { restart } from './commands/instance/restart.ts';
import { resume } from './commands/instance/resume.ts';
import { shell } from './commands/instance/shell.ts';
import { start } from './commands/instance/start.ts';
import { stop } from './commands/instance/stop.ts';
import { wait } from './commands/instance/wait.ts';
import { networkCreate } from './commands/network/create.ts';
import { networkDelete } from './commands/network/delete.ts';
import { networkEdit } from './commands/network/edit.ts';
import { networkGet } from './commands/network/get.ts';
import { networkInfo } from './commands/network/info.ts';
import { networkList } from './commands/network/list.ts';
import { networkListLeases } from './commands/network/list-leases.ts';
import { networkSet } from './commands/network/set.ts';
import { networkShow } from './commands/network/show.ts';
import { networkUnset } from './commands/network/unset.ts';
import { operationCancel } from './commands/operation/cancel.ts';
import { operationList } from './commands/operation/list.ts';
import { operationShow } from './commands/operation/show.ts';
import { profileAdd } from './commands/profile/add.ts';
import { profileAssign } from './commands/profile/assign.ts';
import { profileCopy } from './commands/profile/copy.ts';
import { profileCreate } from './commands/profile/create.ts';
import { profileDelete } from './commands/profile/delete.ts';
import { profileDeviceAdd } from './commands/profile/device-add.ts';
import { profileDeviceGet } from './commands/profile/device-get.ts';
import { profileDeviceList } from './commands/profile/device-list.ts';
import { profileDeviceRemove } from './commands/profile/device-remove.ts';
import { profileDeviceSet } from './commands/profile/device-set.ts';
import { profileDeviceShow } from './commands/profile/device-show.ts';
import { profileDeviceUnset } from './commands/profile/device-unset.ts';
import { profileEdit } from './commands/profile/edit.ts';
import { profileGet } from './commands/profile/get.ts';
import { profileList } from './commands/profile/list.ts';
import { profileRemove } from './commands/profile/remove.ts';
import { profileRename } from './commands/profile/rename.ts';
import { profileSet } from './commands/profile/set.ts';
import { profileShow } from './commands/profile/show.ts';
import { profileUnset } from './commands/profile/unset.ts';
import { projectList } from './commands/project/list.ts';
import { projectShow } from './commands/project/show.ts';
import { completeWords } from './commands/server/complete.ts';
import { completion } from './commands/server/completion.ts';
import { doctor } from './commands/server/doctor.ts';
import { monitor } from './commands/server/monitor.ts';
import { version } from './commands/server/version.ts';
import { snapshotCreate } from './commands/snapshot/create.ts';
import { snapshotDelete } from './commands/snapshot/delete.ts';
import { snapshotList } from './commands/snapshot/list.ts';
import { snapshotRename } from './commands/snapshot/rename.ts';
import { snapshotRestore } from './commands/snapshot/restore.ts';
import { snapshotShow } from './commands/snapshot/show.ts';
import { storageCreate } from './commands/storage/create.ts';
import { storageDelete } from './commands/storage/delete.ts';
import { storageInfo } from './commands/storage/info.ts';
import { storageList } from './commands/storage/list.ts';
import { storageShow } from './commands/storage/show.ts';

export const commands: readonly Command[] = [
  launch,
  init,
  list,
  info,
  start,
  stop,
  restart,
  pause,
  resume,
  wait,
  rename,
  deleteInstance,
  exec,
  shell,
  consoleCommand,
  copy,
  publish,
  fileEdit,
  fileDelete,
  filePush,
  filePull,
  snapshotList,
  snapshotShow,
  snapshotCreate,
  snapshotRename,
  snapshotDelete,
  snapshotRestore,
  imageList,
  imageShow,
  imageInfo,
  imageEdit,
  imageDelete,
  imageBuild,
  imageImport,
  imageExport,
  imageAliasCreate,
  imageAliasDelete,
  imageAliasList,
  imageAliasRename,
  imageSetProperty,
  configShow,
  configGet,
  configSet,
  configUnset,
  configEdit,
  configDeviceAdd,
  configDeviceGet,
  configDeviceList,
  configDeviceOverride,
  configDeviceRemove,
  configDeviceSet,
  configDeviceShow,
  configDeviceUnset,
  profileList,
  profileShow,
  profileCreate,
  profileGet,
  profileSet,
  profileUnset,
  profileEdit,
  profileCopy,
  profileRename,
  profileDelete,
  profileAssign,
  profileAdd,
  profileRemove,
  profileDeviceAdd,
  profileDeviceGet,
  profileDeviceList,
  profileDeviceRemove,
  profileDeviceSet,
  profileDeviceShow,
  profileDeviceUnset,
  networkList,
  networkShow,
  networkInfo,
  networkCreate,
  networkGet,
  networkSet,
  networkUnset,
  networkEdit,
  networkDelete,
  networkListLeases,
  storageList,
  storageShow,
  storageInfo,
  storageCreate,
  storageDelete,
  operationList,
  operationShow,
  operationCancel,
  projectList,
  projectShow,
  completeWords,
  completion,
  doctor,
  monitor,
  version,
];
