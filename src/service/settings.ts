import * as v from "valibot";
import { boundsOf, parseWhole, ZippyNetError } from "../codec/errors.ts";
import { MAX_PIXELS } from "../codec/image.ts";
import { LOOKS, type Look } from "../codec/network/architecture.ts";

/**
 * The alias of every function. Events and requests run the version that it points to. A deployment points it to a new
 * version, and `zippynet rollback` to an earlier one.
 */
export const ALIAS = "current";

/**
 * The variable with the time of the deployment, in ISO 8601. It gives every deployment a version of every function, and
 * shows which versions belong together.
 */
export const DEPLOYMENT = "ZIPPYNET_DEPLOYMENT";

/**
 * The variable with the names of the models that a deployment has. Commands that use its settings encode with no
 * others, because its functions could not decode the files.
 */
export const DEPLOYED_MODELS = "ZIPPYNET_DEPLOYED_MODELS";

/** The fewest characters of a signing secret. A shorter one could be guessed. */
export const MIN_SECRET_LENGTH = 32;

/** The environment of the functions, as serverless.yml sets it. */
const Settings = v.object({
  ZIPPYNET_LATENTS_BUCKET: v.pipe(v.string(), v.nonEmpty()),
  /** Names of models with commas between, or `auto`. */
  ZIPPYNET_MODEL: v.optional(v.string(), "auto"),
  [DEPLOYED_MODELS]: v.optional(v.string()),
  ZIPPYNET_QUALITY: whole("50", 1, 100),
  ZIPPYNET_EFFORT: whole("0", 0, 9),
  /** The look that the search for a better file aims at. */
  ZIPPYNET_TUNE: v.optional(v.picklist(LOOKS), "faithful"),
  /** The highest effort that an upload may ask for, 0–9. */
  ZIPPYNET_MAX_EFFORT: whole("2", 0, 9),
  /** Whether the metadata or tags of an upload may say how it is encoded. */
  ZIPPYNET_UPLOADER_OPTIONS: v.optional(v.picklist(["on", "off"]), "on"),
  /**
   * The most that the search for one upload's best file may cost, in billions of multiplications. A core does about 20
   * billion a second.
   */
  ZIPPYNET_ENCODE_BUDGET: whole("150", 1, 1_000_000),
  /** Larger uploads are refused before they are fetched. */
  ZIPPYNET_MAX_UPLOAD_BYTES: whole(String(20 * 1024 * 1024), 1, 2 ** 31),
  /** Pictures with more pixels are refused before they are unpacked, because a small file can unpack to gigabytes. */
  ZIPPYNET_MAX_PIXELS: whole(String(4096 * 4096), 64, MAX_PIXELS),
  /** Seconds that a picture may be cached. */
  ZIPPYNET_MAX_AGE: whole("604800", 0, 31_536_000),
  /** The longest side, in pixels, that `?w=` and `?h=` may ask for. */
  ZIPPYNET_MAX_SIDE: whole("2048", 1, 4096),
  /** How many times its size a picture may be enlarged to. More shows nothing new, and a page can enlarge by itself. */
  ZIPPYNET_MAX_ENLARGEMENT: whole("8", 1, 64),
  /** `false`: pictures are never enlarged; a request for a larger size gets the picture in its own size. */
  ZIPPYNET_ENLARGE: v.optional(v.picklist(["true", "false"]), "true"),
  /** The look of pictures, unless a request says `?look=`. */
  ZIPPYNET_LOOK: v.optional(v.picklist(LOOKS), "faithful"),
  /** Origins of the web pages that may read the pictures: `*`, or a list separated by commas. */
  ZIPPYNET_CORS_ORIGINS: v.optional(readable(readOrigins), "*"),
  /** Bytes of an answer before base64. Lambda takes 6 MB after it. */
  ZIPPYNET_MAX_RESPONSE_BYTES: whole("4500000", 1000, 4_600_000),
  /** One secret, or two while one is being replaced. With a secret, pictures need signed URLs. */
  ZIPPYNET_SIGNING_SECRET: v.optional(readable(readSecrets), ""),
  /**
   * Whether a secret is required. Otherwise a reference to a secret that turns out blank would make a private service
   * public.
   */
  ZIPPYNET_PRIVATE: v.optional(v.picklist(["true", "false"]), "false"),
  /** The queue for uploads that cannot be encoded. Without it they are only logged. */
  ZIPPYNET_REJECTED_QUEUE_URL: v.optional(v.pipe(v.string(), v.url())),
});

export interface ServiceSettings {
  readonly latentsBucket: string;
  readonly model: string;
  /** Names of the only models that may be used; undefined: all that are there. */
  readonly deployedModels: readonly string[] | undefined;
  readonly quality: number;
  readonly effort: number;
  readonly tune: Look;
  /** 0–9. */
  readonly maxEffort: number;
  readonly uploaderOptions: boolean;
  /** In multiplications. */
  readonly encodeBudget: number;
  readonly maxUploadBytes: number;
  readonly maxPixels: number;
  readonly maxAge: number;
  readonly maxSide: number;
  readonly maxEnlargement: number;
  readonly enlarge: boolean;
  readonly look: Look;
  /** Origins of the web pages that may read the pictures; empty: all pages. */
  readonly corsOrigins: readonly string[];
  readonly maxResponseBytes: number;
  /** If empty, whoever knows a key can fetch the picture. */
  readonly signingSecrets: readonly string[];
  readonly rejectedQueueUrl: string | undefined;
}

/** Throws `bad-option` naming each variable that is missing or out of its range. */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): ServiceSettings {
  const result = v.safeParse(Settings, environment);
  if (!result.success) {
    const issues = result.issues.map((issue) => `${v.getDotPath(issue) ?? ""}: ${issue.message}`);
    throw new ZippyNetError("bad-option", `the environment is not right: ${issues.join("; ")}`);
  }
  const { output } = result;
  const secrets = output.ZIPPYNET_SIGNING_SECRET;
  const blank = secrets.length === 0 && environment["ZIPPYNET_SIGNING_SECRET"];
  if (secrets.length === 0 && (blank || output.ZIPPYNET_PRIVATE === "true")) {
    const message = `ZIPPYNET_SIGNING_SECRET: expected a secret, as the service is private, got a blank one`;
    throw new ZippyNetError("bad-option", `the environment is not right: ${message}`);
  }
  return {
    latentsBucket: output.ZIPPYNET_LATENTS_BUCKET,
    model: output.ZIPPYNET_MODEL,
    deployedModels: output[DEPLOYED_MODELS]?.split(","),
    quality: output.ZIPPYNET_QUALITY,
    effort: output.ZIPPYNET_EFFORT,
    tune: output.ZIPPYNET_TUNE,
    maxEffort: output.ZIPPYNET_MAX_EFFORT,
    uploaderOptions: output.ZIPPYNET_UPLOADER_OPTIONS === "on",
    encodeBudget: output.ZIPPYNET_ENCODE_BUDGET * 1e9,
    maxUploadBytes: output.ZIPPYNET_MAX_UPLOAD_BYTES,
    maxPixels: output.ZIPPYNET_MAX_PIXELS,
    maxAge: output.ZIPPYNET_MAX_AGE,
    maxSide: output.ZIPPYNET_MAX_SIDE,
    maxEnlargement: output.ZIPPYNET_MAX_ENLARGEMENT,
    enlarge: output.ZIPPYNET_ENLARGE === "true",
    look: output.ZIPPYNET_LOOK,
    corsOrigins: output.ZIPPYNET_CORS_ORIGINS,
    maxResponseBytes: output.ZIPPYNET_MAX_RESPONSE_BYTES,
    signingSecrets: secrets,
    rejectedQueueUrl: output.ZIPPYNET_REJECTED_QUEUE_URL,
  };
}

/** A text that `parse` turns into a value, or refuses by throwing. */
function readable<T>(read: (text: string) => T) {
  return v.pipe(
    v.string(),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      try {
        return read(dataset.value);
      } catch (error) {
        addIssue({ message: (error as Error).message });
        return NEVER;
      }
    }),
  );
}

/** Origins such as `https://shop.example`; an empty list for `*`, which allows all pages. Throws `bad-option`. */
export function readOrigins(text: string): string[] {
  if (text.trim() === "*") return [];
  const origins = text.split(",").map((origin) => origin.trim());
  const wrong = origins.find((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin);
  if (wrong === undefined) return origins;
  throw new ZippyNetError("bad-option", `expected * or origins such as https://shop.example, got "${wrong}"`);
}

/** A whole number in a range, written in decimal. */
function whole(standard: string, least: number, most: number) {
  const isWithin = (text: string): boolean => parseWhole(text, least, most) !== undefined;
  const expected = (issue: { readonly input: string }): string =>
    `expected a whole number of ${boundsOf(least, most)}, got "${issue.input}"`;
  return v.optional(v.pipe(v.string(), v.check(isWithin, expected), v.transform(Number)), standard);
}

/**
 * The secrets in a text, separated by blanks or line breaks. The first one signs; all are accepted, so that a secret
 * can be replaced while its URLs still work. Empty for an empty text. Throws `bad-option` without repeating the secret.
 */
export function readSecrets(text: string): string[] {
  const secrets = text.split(/\s+/).filter((secret) => secret !== "");
  const short = secrets.find((secret) => secret.length < MIN_SECRET_LENGTH);
  if (short === undefined) return secrets;
  throw new ZippyNetError(
    "bad-option",
    `expected secrets of at least ${MIN_SECRET_LENGTH} characters without blanks, got one of ${short.length}`,
  );
}
