import type { Site } from "../build/contents.ts";
import type { RolePlace } from "./protocol.ts";

/** The build sets it. */
declare const ZIPPYNET_SITE: Site;

/** Where a site has the worker and the weights of a role. */
export function siteOf(role: RolePlace["role"]): RolePlace {
  const at = (path: string, base: URL | undefined): string =>
    new URL(path, base ?? new URL(".", import.meta.url)).href;
  return {
    role,
    start: (base) => new Worker(at(ZIPPYNET_SITE.workers[role], base), { name: `zippynet-${role}` }),
    models: async (base) =>
      ZIPPYNET_SITE.models.map(({ manifest, folder, files }) => ({
        manifest,
        files: Object.fromEntries(files.map((file) => [file, () => at(`${folder}/${file}`, base)])),
      })),
  };
}
