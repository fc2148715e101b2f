/** Sizes of screens, written as WIDTHxHEIGHT in picture points: `1280x720`. */

export type ScreenSize = { width: number; height: number };

/** The largest that QEMU's VNC server shows (5120 x 2160), and the smallest that every guest knows (VGA). */
const bounds = { width: [640, 5120], height: [480, 2160] } as const;
/** Video hardware counts lines in steps of eight points: bochs and qxl cut 1366 to 1360 without a word. */
const step = 8;

export const screenSizeText = ({ width, height }: ScreenSize): string => `${width}x${height}`;

/** Undefined for what is no size that a screen can have. */
export function parseScreenSize(text: string): ScreenSize | undefined {
  const size = numbers(text);
  return size && isWithin(size) && size.width % step === 0 ? size : undefined;
}

/** What would be one, in words, for an error; with the neighbours of a width that is none. */
export function screenSizeRule(text: string): string {
  const size = numbers(text);
  const rule = `a size from ${bounds.width[0]}x${bounds.height[0]} to ${bounds.width[1]}x${bounds.height[1]}, like 1280x720, with a width that is a multiple of ${step}`;
  if (!size || !isWithin(size)) return rule;
  const below = size.width - (size.width % step);
  return `${rule}: ${screenSizeText({ ...size, width: below })} or ${screenSizeText({ ...size, width: below + step })}`;
}

function numbers(text: string): ScreenSize | undefined {
  const [, width, height] = /^(\d{3,4})x(\d{3,4})$/.exec(text) ?? [];
  return width === undefined || height === undefined ? undefined : { width: Number(width), height: Number(height) };
}

const isWithin = ({ width, height }: ScreenSize): boolean =>
  width >= bounds.width[0] && width <= bounds.width[1] && height >= bounds.height[0] && height <= bounds.height[1];
