/** A file: where it is, or its bytes. */
export type Place = string | { readonly href: string } | Uint8Array | ArrayBuffer;

/** What a package `@zippynet/model-NAME` exports: its manifest, and where its weights are. */
export interface ModelPackage {
  /** manifest.json. */
  readonly manifest: {
    /** In every file that the model writes, 0–255. */
    readonly number: number;
    readonly name: string;
    readonly description: string;
    /** As SPDX names it, or in words. */
    readonly licence?: string | undefined;
  };
  /** The weights by name. As functions, they are looked for only when they are needed. */
  readonly files: Readonly<Record<string, Place | (() => Place | Promise<Place>)>>;
  /** The weights as base64, by name: for bundlers that leave files behind. */
  readonly inline?: (() => Promise<Readonly<Record<string, string>>>) | undefined;
}

/** A file of a package: its bytes, or its URL. */
export async function placeOf(
  { files }: ModelPackage,
  name: string,
): Promise<Uint8Array | string | undefined> {
  const given = files[name];
  const place = typeof given === "function" ? await given() : given;
  if (place === undefined || typeof place === "string") return place;
  if (place instanceof Uint8Array) return place;
  if ("href" in place) return place.href;
  return new Uint8Array(place);
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
