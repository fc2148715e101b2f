/** What `init` and `launch` share: a guest of an image or of nothing, a container or a virtual machine. */
import type { InstancesPost } from '../../api/resources/instances.ts';
import { usageError } from '../cli-error.ts';
import { flag } from '../command.ts';
import type { Context } from '../context.ts';
import { type CreateOptions, createOptions, createRequest } from './create-request.ts';
import { imageSource } from './remote-image.ts';

export const newOptions = {
  ...createOptions,
  empty: flag('--empty', 'without an image: an empty root'),
  vm: flag('--vm', 'a virtual machine instead of a container'),
};
type NewOptions = CreateOptions & { empty: boolean; vm: boolean };
type Words = { image: string | undefined; name: string | undefined };

/** `verb` is that of the command, for the message. */
export async function newInstance(
  context: Context,
  verb: string,
  args: Words,
  options: NewOptions,
): Promise<InstancesPost> {
  const image = options.empty ? undefined : args.image;
  const name = options.empty ? (args.name ?? args.image) : args.name;
  if (image === undefined && !options.empty)
    throw usageError('Which image?', `gast ${verb} IMAGE [NAME], or --empty [NAME]`);
  const request = await createRequest(context, options);
  const type = options.vm ? 'virtual-machine' : 'container';
  const source = image === undefined ? { type: 'none' } : await imageSource(context, image, type);
  return { ...request, ...(name === undefined ? {} : { name }), type, source };
}
