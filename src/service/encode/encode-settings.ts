import { parseWhole, ZippyNetError } from "../../codec/errors.ts";
import type { Model } from "../../codec/model.ts";
import { LOOKS, type Look } from "../../codec/network/architecture.ts";
import { type Target, type TargetOptions, targetOf } from "../../codec/target.ts";
import type { Models } from "../../model/folder.ts";
import type { ObjectHead } from "../aws/s3.ts";
import type { ServiceSettings } from "../settings.ts";

/** How an upload is to be encoded. */
export interface Plan {
  /** The models to choose from, with the `g_s` of the look that is tuned for. */
  readonly models: readonly Model[];
  /** What was asked for: a name, several names, or `auto`. */
  readonly model: string;
  readonly target: Target;
  /** 0–9. */
  readonly effort: number;
  /** The look that the search aims at. */
  readonly tune: Look;
  /** What the upload asked for and does not get; undefined if it gets everything. */
  readonly limited: string | undefined;
}

/**
 * The prefix of the metadata and tags by which an upload says how it is to be encoded. With the prefix they are meant
 * for us, and an invalid value is an error. Without it they may belong to something else (`model=iPhone 15 Pro`), so an
 * invalid value is ignored.
 */
const PREFIX = "zippynet-";
type Name = "quality" | "psnr" | "max-bytes" | "effort" | "model" | "tune";

/**
 * Reads how an upload is to be encoded from its metadata or tags (see `ObjectStore.headTagged`): model, effort, tune,
 * and one of quality, psnr and max-bytes. What they do not say comes from the settings. An upload gets no more effort
 * than the settings allow. Throws `too-large` and `bad-option`, before a byte of the upload is fetched.
 */
export async function planFor(models: Models, settings: ServiceSettings, upload: ObjectHead): Promise<Plan> {
  if (upload.size > settings.maxUploadBytes) {
    throw new ZippyNetError(
      "too-large",
      `expected an upload of at most ${settings.maxUploadBytes} bytes, got ${upload.size}`,
    );
  }
  const metadata = settings.uploaderOptions ? upload.metadata : {};
  const wanted = asked(metadata, "effort", wholeWithin(0, 9)) ?? settings.effort;
  const effort = Math.min(wanted, Math.max(settings.maxEffort, settings.effort));
  const known = ["auto", ...models.list().map(({ name }) => name)];
  const model =
    asked(metadata, "model", {
      expected: `one or more of ${known.join(", ")}`,
      parse: (text) => {
        // each name once, because the names go into the metadata of the latents, of which S3 takes 2 kB
        const names = [...new Set(text.split(",").map((name) => name.trim()))];
        return names.every((name) => known.includes(name)) ? names.join() : undefined;
      },
    }) ?? settings.model;
  const tune = asked(metadata, "tune", LOOK) ?? settings.tune;
  return {
    models: await models.choose(model, tune),
    model,
    tune,
    target: targetWanted(metadata, settings.quality),
    effort,
    limited: effort < wanted ? `effort ${wanted} asked, ${effort} allowed` : undefined,
  };
}

type Metadata = ObjectHead["metadata"];

/** How a text is parsed, and what to expect in its place if it cannot be. */
interface Range<T> {
  readonly expected: string;
  parse(text: string): T | undefined;
}

function wholeWithin(least: number, most: number): Range<number> {
  return { expected: `${least}–${most}`, parse: (text) => parseWhole(text, least, most) };
}

const DECIBELS: Range<number> = {
  expected: "1–100",
  parse: (text) => {
    const value = /^\d{1,3}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
    return value >= 1 && value <= 100 ? value : undefined;
  },
};

const LOOK: Range<Look> = {
  expected: LOOKS.join(" or "),
  parse: (text) => LOOKS.find((look) => look === text),
};

/** Options with the prefix come first. Several options without it can hardly be meant for us, so then none counts. */
function targetWanted(metadata: Metadata, standard: number): Target {
  const own = targetOptions(metadata, ownOption);
  if (Object.values(own).some((value) => value !== undefined)) return targetOf(own, standard, OWN_NAMES);
  const bare = targetOptions(metadata, bareOption);
  const count = Object.values(bare).filter((value) => value !== undefined).length;
  return targetOf(count === 1 ? bare : {}, standard);
}

const OWN_NAMES = {
  quality: `${PREFIX}quality`,
  psnr: `${PREFIX}psnr`,
  maxBytes: `${PREFIX}max-bytes`,
} as const;

function targetOptions(metadata: Metadata, option: typeof ownOption): TargetOptions {
  return {
    quality: option(metadata, "quality", wholeWithin(1, 100)),
    psnr: option(metadata, "psnr", DECIBELS),
    maxBytes: option(metadata, "max-bytes", wholeWithin(1, 1e9)),
  };
}

function asked<T>(metadata: Metadata, name: Name, range: Range<T>): T | undefined {
  return ownOption(metadata, name, range) ?? bareOption(metadata, name, range);
}

function ownOption<T>(metadata: Metadata, name: Name, range: Range<T>): T | undefined {
  const text = metadata[PREFIX + name];
  if (text === undefined) return undefined;
  const value = range.parse(text);
  if (value !== undefined) return value;
  throw new ZippyNetError(
    "bad-option",
    `expected the metadata or tag "${PREFIX}${name}" to be ${range.expected}, got "${text}"`,
  );
}

function bareOption<T>(metadata: Metadata, name: Name, range: Range<T>): T | undefined {
  const text = metadata[name];
  return text === undefined ? undefined : range.parse(text);
}
