/** Templates as `metadata.yaml` and the API write them: ids and modes are texts there. */

type Template = {
  when: string[];
  createOnly: boolean;
  template: string;
  properties: Record<string, string>;
  uid?: number;
  gid?: number;
  mode?: number;
};

/** By the path of the file that each makes in the guest. */
export function templateEntries(templates: Readonly<Record<string, Template>>) {
  return Object.fromEntries(Object.entries(templates).map(([path, entry]) => [path, written(entry)]));
}

function written({ when, createOnly, template, properties, uid, gid, mode }: Template) {
  return {
    when,
    create_only: createOnly,
    template,
    properties,
    ...(uid === undefined ? {} : { uid: String(uid) }),
    ...(gid === undefined ? {} : { gid: String(gid) }),
    ...(mode === undefined ? {} : { mode: mode.toString(8).padStart(4, '0') }),
  };
}
