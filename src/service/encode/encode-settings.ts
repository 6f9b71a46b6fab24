import { ZippyNetError } from "../../codec/errors.ts";
import type { Model } from "../../codec/model.ts";
import { type Target, targetOf } from "../../codec/target.ts";
import type { Models } from "../../model/folder.ts";
import type { ObjectHead } from "../aws/s3.ts";
import type { ServiceSettings } from "../settings.ts";

/** How an upload is to be encoded. */
export interface Plan {
  /** To choose from. */
  readonly models: readonly Model[];
  /** What was asked for: a name, or `auto`. */
  readonly model: string;
  readonly target: Target;
  /** 0–9. */
  readonly effort: number;
}

/** Object metadata or tags that an upload may ask with, beside `model`, and their ranges. */
const RANGES = { quality: [1, 100], psnr: [1, 100], "max-bytes": [1, 1e9], effort: [0, 9] } as const;

const NAMES = { quality: "quality", psnr: "psnr", maxBytes: "max-bytes" } as const;

/**
 * What an upload's own metadata (or tags, see `ObjectStore.headTagged`) ask for (`model`, `effort`, and one of
 * `quality`, `psnr`, `max-bytes`), else the settings. Throws `too-large` and `bad-option`, before a byte of the upload
 * is fetched.
 */
export async function planFor(models: Models, settings: ServiceSettings, upload: ObjectHead): Promise<Plan> {
  if (upload.size > settings.maxUploadBytes) {
    throw new ZippyNetError(
      "too-large",
      `expected an upload of at most ${settings.maxUploadBytes} bytes, got ${upload.size}`,
    );
  }
  const { metadata } = upload;
  const wishes = {
    quality: asked(metadata, "quality"),
    psnr: asked(metadata, "psnr"),
    maxBytes: asked(metadata, "max-bytes"),
  };
  const target = targetOf(wishes, settings.quality, NAMES);
  const effort = asked(metadata, "effort") ?? settings.effort;
  const model = metadata["model"] ?? settings.model;
  if (metadata["model"] !== undefined) assertKnown(models, model);
  return { models: await models.choose(model), model, target, effort };
}

type Metadata = ObjectHead["metadata"];

function asked(metadata: Metadata, name: keyof typeof RANGES): number | undefined {
  const text = metadata[name];
  if (text === undefined) return undefined;
  const [low, high] = RANGES[name];
  const shape = name === "psnr" ? /^\d{1,3}(\.\d{1,6})?$/ : /^\d{1,10}$/;
  const value = Number(text);
  if (shape.test(text) && value >= low && value <= high) return value;
  throw new ZippyNetError(
    "bad-option",
    `expected the metadata or tag "${name}" to be ${low}–${high}, got "${text}"`,
  );
}

/**
 * Of what an upload asks for; a model that the settings name and is not here is another matter, which a deployment
 * mends.
 */
function assertKnown(models: Models, name: string): void {
  const known = ["auto", ...models.list().map((model) => model.name)];
  if (name.split(",").every((part) => known.includes(part.trim()))) return;
  throw new ZippyNetError(
    "bad-option",
    `expected the metadata or tag "model" to name models that are here, got "${name}"`,
  );
}
