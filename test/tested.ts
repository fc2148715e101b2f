/**
 * The runner of all tests builds the bundles, whose start takes a quarter of the time that the sources take, and sets this. A
 * test that is started without it runs the sources.
 */
export const builtVariable = 'GASTHOF_TEST_BUILT';
/** What `bin/gast` and `bin/gasthofd` have in their environment to run what is tested. */
export const tested = { GASTHOF_SOURCE: process.env[builtVariable] ? '' : '1' };
