import type { ModelPackage } from "../../model/package.ts";
import type { RolePlace } from "../browser/protocol.ts";

/** The URL of this script, which it knows only while it starts; set by esbuild. */
declare const ZIPPYNET_SCRIPT: string;
/** The model of the package, by role: its manifest, and names of its weights; set by esbuild. */
declare const ZIPPYNET_MODEL: {
  readonly manifest: ModelPackage["manifest"];
  readonly version: string;
  readonly files: Readonly<Record<RolePlace["role"], readonly string[]>>;
};

/** As `node_modules` and CDNs lay packages out: the version, if any, is part of the folder's name. */
const PACKAGE = /\/zippynet(@[^/]+)?\/dist\/browser\/$/;

/** Where a page's script tag has what a role needs: beside the script, and the model in its package beside this one. */
export function scriptPlace(role: RolePlace["role"]): RolePlace {
  const own = (base: URL | undefined): URL => base ?? new URL(".", ZIPPYNET_SCRIPT);
  return {
    role,
    start: (base) => startClassic(new URL(`${role}.worker.js`, own(base)), `zippynet-${role}`),
    models: async (base) => {
      const { manifest, files, version } = ZIPPYNET_MODEL;
      const [found] = [PACKAGE.exec(own(base).pathname)];
      const beside =
        found && `../../../@zippynet/model-${manifest.name}${found[1] === undefined ? "" : `@${version}`}/`;
      const folder = new URL(beside ?? `models/${manifest.name}/`, own(base));
      const at = (name: string) => () => new URL(name, folder);
      return [{ manifest, files: Object.fromEntries(files[role].map((name) => [name, at(name)])) }];
    },
  };
}

/** A worker has to come from the page's own origin, what it imports does not. */
function startClassic(url: URL, name: string): Worker {
  if (url.origin === globalThis.location.origin) return new Worker(url, { name });
  const text = `importScripts(${JSON.stringify(url.href)})`;
  const blob = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  return new Worker(blob, { name });
}
