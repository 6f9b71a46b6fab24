import { badOption, describeValue, typeOf, ZippyNetError } from "../codec/errors.ts";

/** A file: where it is, or its bytes. */
export type Place = string | { readonly href: string } | Uint8Array | ArrayBuffer;

/** What a package `@zippynet/model-NAME` exports: its manifest, and where its weights are. */
export interface ModelPackage {
  /** manifest.json. */
  readonly manifest: {
    /** In every file that the model writes, 1–255. */
    readonly number: number;
    readonly name: string;
    readonly description: string;
    /** The terms of the weights, as SPDX names them, or in words. */
    readonly licence?: string | undefined;
  };
  /** The weights by name. As functions, they are looked for only when they are needed. */
  readonly files: Readonly<Record<string, Place | (() => Place | Promise<Place>)>>;
  /** The weights as base64, by name: for bundlers that leave files behind. */
  readonly inline?: (() => Promise<Readonly<Record<string, string>>>) | undefined;
}

/**
 * Throws `bad-option` unless it is a list of packages by their form; what their manifests say is read later.
 * @param or what else is taken there
 */
export function assertPackages(models: unknown, or = ""): void {
  const wanted = `expected models as a list of what packages @zippynet/model-NAME export${or}`;
  if (!Array.isArray(models)) throw badOption(wanted, models);
  for (const model of models as unknown[]) {
    const { manifest, files } = (model ?? {}) as Partial<ModelPackage>;
    if (![manifest, files].every((part) => typeOf(part) === "Object"))
      throw badOption(`${wanted}, each with manifest and files`, model);
  }
}

/** manifest.json of a package. Throws `bad-model` for what is no JSON. */
export function manifestOf({ manifest }: ModelPackage): string {
  try {
    return JSON.stringify(manifest);
  } catch (cause) {
    throw new ZippyNetError("bad-model", `expected a manifest that is JSON, got ${String(cause)}`, { cause });
  }
}

/**
 * A file of a package: its bytes, or its URL. Throws `bad-model` for what is neither, and `unavailable` if its function
 * fails.
 */
export async function placeOf(model: ModelPackage, name: string): Promise<Uint8Array | string | undefined> {
  const given = model.files[name];
  const read = async (): Promise<Place | undefined> => (typeof given === "function" ? given() : given);
  const place = await read().catch((cause: unknown) => {
    const which = `${model.manifest.name}/${name}`;
    throw new ZippyNetError("unavailable", `expected ${which} to be loaded, got ${String(cause)}`, { cause });
  });
  if (place === undefined || typeof place === "string") return place;
  const type = typeOf(place); // of this realm or another
  if (type === "Uint8Array") return place as Uint8Array;
  if (type === "ArrayBuffer") return new Uint8Array(place as ArrayBuffer);
  const { href } = (place ?? {}) as { readonly href?: unknown };
  if (typeof href === "string") return href;
  const wanted = `expected ${model.manifest.name}/${name} as a URL, Uint8Array or ArrayBuffer`;
  throw new ZippyNetError("bad-model", `${wanted}, got ${describeValue(place)}`);
}

/** A model whose weights a page may keep in a folder of its own, as `models/NAME/`; else they are in its package. */
export function modelsBeside(
  base: { readonly href: string } | undefined, // types of an installed package know no URL
  model: ModelPackage | undefined,
): readonly ModelPackage[] {
  if (!model) return [];
  if (!base) return [model];
  const { manifest, files } = model;
  const at = (name: string) => () => new URL(`models/${manifest.name}/${name}`, base.href);
  return [{ manifest, files: Object.fromEntries(Object.keys(files).map((name) => [name, at(name)])) }];
}
