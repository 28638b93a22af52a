// Which build this is: the same text in the stub, the loader and the kit that were made together.

declare const RTW_BUILD: string;

/** A hash of the front end's code. Two releases in one page have two kits, and each stub finds its own. */
export const BUILD = RTW_BUILD;
