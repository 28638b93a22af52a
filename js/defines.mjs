// What the build of the front end puts into the code, for bundles that are no release: tests and the harness.

export const TEST_DEFINES = { RTW_BUILD: '"test"', RTW_STYLES: '""' };
