/** Some input failed; the rest is done. */
export const EXIT_FAILED = 1;
/** The command was called wrongly; nothing was done. */
export const EXIT_USAGE = 2;
