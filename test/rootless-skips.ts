/** What an ordinary user's daemon is not asked for when the tests run a second time, each with the kernel's reason. */

/** `test` is a part of the test's name, behind those of the tests around it: "outer > inner". */
export type Skip = { file: string; test: string; reason: string };

export const rootlessSkips: readonly Skip[] = [];

export const reasonToSkip = (file: string, test: string): string | undefined =>
  rootlessSkips.find((skip) => skip.file === file && test.includes(skip.test))?.reason;
