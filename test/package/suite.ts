/**
 * `npm run test:package`: what a user gets. The tarballs of `npm run pack:all` are installed in a folder of their own,
 * with the examples and the tools that users build with; takes some minutes and a gigabyte of disk, and needs npm's
 * registry.
 */
import "./runtimes.ts";
import "./contents.ts";
import "./types.ts";
import "./pages.ts";
import "./servers.ts";
