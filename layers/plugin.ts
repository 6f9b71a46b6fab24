import { cdnFunction } from "../deploy/cdn-function.ts";
import {
  ALIAS,
  DEPLOYED_MODELS,
  DEPLOYMENT,
  MIN_SECRET_LENGTH,
  readSettings,
} from "../src/service/settings.ts";
import { bundleFunctions } from "./bundle.ts";
import { buildModelLayer, buildSharpLayer, type ModelWish } from "./layers.ts";

/** The part of osls that the plugin uses. */
export interface Osls {
  readonly service: {
    readonly custom: { readonly layer: ModelWish };
    readonly provider: {
      readonly architecture?: string;
      readonly environment?: Variables;
      readonly compiledCloudFormationTemplate?: { readonly Resources: Record<string, unknown> };
    };
    readonly functions: Readonly<Record<string, OslsFunction>>;
  };
  readonly processedInput: { readonly commands: readonly string[] };
  readonly pluginManager: { getPlugins(): readonly LayerCompiler[] };
}

/** Variables of the environment; an object is a value that CloudFormation fills in. */
type Variables = Readonly<Record<string, unknown>>;

/** A function of serverless.yml. */
interface OslsFunction {
  /** What events, requests and destinations refer to instead of the function. */
  targetAlias?: { readonly name: string; readonly logicalId: string };
  /** The resource of its new version, once osls has compiled the function. */
  readonly versionLogicalId?: string;
  environment?: Variables;
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
 * of `${zippynet:private}` (whether there is a signing secret), `${zippynet:tags}` and `${zippynet:cdn-function}`. Adds
 * an alias to each function, see `ALIAS`.
 */
export default class PackagingPlugin {
  readonly configurationVariablesSources = {
    zippynet: {
      resolve: async ({ address, resolveVariable }: VariableQuestion) => {
        const secret = (await resolveVariable("param:signingSecret")) !== "";
        if (address === "private") return { value: secret };
        if (address === "cdn-function") {
          const corsOrigins = String(await resolveVariable("param:corsOrigins"));
          const look = (await resolveVariable("param:look")) === "natural" ? "natural" : "faithful";
          return { value: await cdnFunction({ secret, corsOrigins, look }) };
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
    let models: readonly string[] = [];
    this.hooks = {
      "before:package:initialize": async () => {
        assertSettings(osls.service);
        await bundleFunctions({ clean: true });
        models = await buildModelLayer(osls.service.custom.layer);
        await buildSharpLayer(osls.service.provider.architecture ?? "x86_64");
        if (osls.processedInput.commands[0] === "package") packageOffline(osls);
      },
      "before:package:compileFunctions": async () => nameAliases(osls, models),
      "after:package:compileFunctions": async () => addAliases(osls),
    };
  }
}

/** A value that CloudFormation fills in. */
const REFERENCE = /\{\{resolve:[^}]*\}\}/g;
const ANY_SECRET = "x".repeat(MIN_SECRET_LENGTH);

/**
 * Throws `bad-option` if a parameter is out of its range. Otherwise each function would do so at its start, and all
 * pictures would be gone until the next deployment.
 */
export function assertSettings({
  provider,
  functions,
}: Pick<Osls["service"], "provider" | "functions">): void {
  const environments = [provider, ...Object.values(functions)].map(({ environment }) => environment);
  const known = Object.entries(Object.assign({}, ...environments) as Variables).filter(
    ([, value]) => typeof value !== "object",
  );
  readSettings(
    Object.fromEntries(known.map(([name, value]) => [name, String(value).replace(REFERENCE, ANY_SECRET)])),
  );
}

/**
 * Has events and requests go to the alias of a function, as osls does for aliases of its own, and puts the time of
 * the deployment, and the names of its models, into the functions' environment.
 */
function nameAliases({ service }: Osls, models: readonly string[]): void {
  const own = {
    [DEPLOYMENT]: new Date().toISOString(),
    ...(models.length > 0 && { [DEPLOYED_MODELS]: models.join() }),
  };
  for (const [name, each] of Object.entries(service.functions)) {
    const logicalId = `${name.charAt(0).toUpperCase()}${name.slice(1)}LambdaAlias`;
    each.targetAlias = { name: ALIAS, logicalId };
    each.environment = { ...each.environment, ...own };
  }
}

/** Adds the aliases, which point to the versions that osls publishes. */
function addAliases({ service }: Osls): void {
  for (const { targetAlias, versionLogicalId } of Object.values(service.functions)) {
    const { name: Name, logicalId } = targetAlias!;
    const FunctionName = { Ref: logicalId.replace(/Alias$/, "Function") };
    const FunctionVersion = { "Fn::GetAtt": [versionLogicalId, "Version"] };
    service.provider.compiledCloudFormationTemplate!.Resources[logicalId] = {
      Type: "AWS::Lambda::Alias",
      Properties: { Name, FunctionName, FunctionVersion },
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
