import { cdnFunction } from "../deploy/cdn-function.ts";
import { bundleFunctions } from "./bundle.ts";
import { buildModelLayer, buildSharpLayer } from "./layers.ts";

/** The part of osls that the plugin uses. */
interface Osls {
  readonly service: { readonly provider: { readonly architecture?: string } };
  readonly processedInput: { readonly commands: readonly string[] };
  readonly pluginManager: { getPlugins(): readonly LayerCompiler[] };
}

/** The plugin of osls that checks whether the deployed stack already has a layer. */
interface LayerCompiler {
  compareWithLastLayer?(layer: string): Promise<void>;
}

/** The interface by which osls asks for the value of `${zippynet:NAME}` in serverless.yml. */
interface VariableQuestion {
  readonly address: string;
  resolveVariable(name: string): Promise<unknown>;
}

/**
 * Makes what serverless.yml refers to: the bundled functions and the layers, before osls packages them; and the values
 * of `${zippynet:private}` (whether there is a signing secret), `${zippynet:tags}` and `${zippynet:cdn-function}`.
 */
export default class PackagingPlugin {
  readonly configurationVariablesSources = {
    zippynet: {
      resolve: async ({ address, resolveVariable }: VariableQuestion) => {
        const secret = (await resolveVariable("param:signingSecret")) !== "";
        if (address === "private") return { value: secret };
        if (address === "cdn-function") {
          const corsOrigins = String(await resolveVariable("param:corsOrigins"));
          return { value: await cdnFunction({ secret, corsOrigins }) };
        }
        if (address === "tags") return { value: readTags(String(await resolveVariable("param:tags"))) };
        throw new Error(
          `expected zippynet:private, zippynet:tags or zippynet:cdn-function, got zippynet:${address}`,
        );
      },
    },
  };
  readonly hooks: Readonly<Record<string, () => Promise<void>>>;

  constructor(osls: Osls) {
    this.hooks = {
      "before:package:initialize": async () => {
        await bundleFunctions({ clean: true });
        await buildModelLayer();
        await buildSharpLayer(osls.service.provider.architecture ?? "x86_64");
        if (osls.processedInput.commands[0] === "package") packageOffline(osls);
      },
    };
  }
}

/** Parses the tags of a parameter, `team=shop,cost=42`. */
function readTags(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(",").filter((part) => part.trim() !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, value] = /^\s*([^=]+?)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
      if (name === undefined) throw new Error(`expected tags as name=value,name=value, got "${pair}"`);
      return [name, value!];
    }),
  );
}

/**
 * `osls package` sends nothing, so it need not ask AWS which layers exist. That would take credentials and a network.
 */
function packageOffline({ pluginManager }: Osls): void {
  for (const plugin of pluginManager.getPlugins()) {
    if (plugin.compareWithLastLayer) plugin.compareWithLastLayer = async () => undefined;
  }
}
