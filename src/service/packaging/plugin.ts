import { bundleFunctions } from "./bundle.ts";
import { buildModelLayer, buildSharpLayer } from "./layers.ts";

/** What the plugin uses of osls. */
interface Osls {
  readonly service: { readonly provider: { readonly architecture?: string } };
}

/** Makes, before osls packages them, what serverless.yml names: the bundled functions and the layers. */
export default class PackagingPlugin {
  readonly hooks: Readonly<Record<string, () => Promise<void>>>;

  constructor(osls: Osls) {
    this.hooks = {
      "before:package:initialize": async () => {
        await bundleFunctions();
        await buildModelLayer();
        await buildSharpLayer(osls.service.provider.architecture ?? "x86_64");
      },
    };
  }
}
