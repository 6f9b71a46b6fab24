import type { ModelPackage } from "../../model/package.ts";
import type { RolePlace } from "../browser/protocol.ts";

/** The URL of this script, which is known only while the script starts. The build sets it. */
declare const ZIPPYNET_SCRIPT: string;
/** The model of the package: its manifest, and the names of its weights for each role. The build sets it. */
declare const ZIPPYNET_MODEL: {
  readonly manifest: ModelPackage["manifest"];
  readonly version: string;
  readonly files: Readonly<Record<RolePlace["role"], readonly string[]>>;
};

/** Path of this package in `node_modules` and on CDNs, where the version may be part of the folder's name. */
const PACKAGE = /\/zippynet(@[^/]+)?\/dist\/browser\/$/;

/** Where a script tag finds its worker, beside the script, and its model, in the package beside this one. */
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

/** Starts a worker of any origin: browsers want the worker itself, but not what it imports, from the page's own. */
function startClassic(url: URL, name: string): Worker {
  if (url.origin === globalThis.location.origin) return new Worker(url, { name });
  const text = `importScripts(${JSON.stringify(url.href)})`;
  const blob = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  return new Worker(blob, { name });
}
