import * as v from "valibot";
import { describeValue } from "../../codec/errors.ts";
import { toInline } from "../../codec/format/base64url.ts";
import { type Description, describeFile, readZn } from "../../codec/format/zn-file.ts";
import { inParallel } from "../../concurrency.ts";
import { formTag, matches } from "../../http/etag.ts";
import { latentsKey, MAX_KEY, mayHaveLatents } from "../aws/keys.ts";
import { type Answer, Problem } from "./answer.ts";
import type { PictureContext } from "./context.ts";

/** Pictures as text, to be put into JSON or HTML. */

/** A picture in the form that `zippy-img` and `zippynet/browser` take. */
export interface InlinePicture extends Pick<Description, "kind" | "width" | "height"> {
  readonly key: string;
  /** The file in base64url. */
  readonly inline: string;
  /** Bytes of the file. */
  readonly bytes: number;
}

/** Returned in place of a picture that cannot be given: RFC 9457. */
export interface InlineProblem {
  readonly key: string;
  readonly problem: { readonly status: 404 | 413 | 500; readonly title: string; readonly detail: string };
}

/** The most keys of one request. */
export const MAX_KEYS = 200;
/** The most bytes of one file. As many of these as a request may have fit into one answer of Lambda, 6 MB. */
export const MAX_INLINE_BYTES = 16 * 1024;
/** How many objects are read at once. */
const AT_ONCE = 16;

const TITLES = {
  404: "No such picture",
  413: "Too large to be inline",
  500: "The latents are damaged",
} as const;

/** The most characters of a body: five for each byte of the most and longest keys. */
export const MAX_BODY = 1024 * 1024;

/** What came, for a message. */
const came = ({ input }: { readonly input: unknown }): string => describeValue(input);
const count = ({ input }: { readonly input: readonly unknown[] }): string => `${input.length} keys`;
const size = ({ input }: { readonly input: string }): string => `${Buffer.byteLength(input)} bytes`;

/** The number of keys is checked before the keys are, because a body may hold half a million of them. */
const Request = v.pipe(
  v.custom<object>((input) => !Array.isArray(input), came),
  v.object(
    {
      keys: v.pipe(
        v.array(v.unknown(), came),
        v.minLength(1, count),
        v.maxLength(MAX_KEYS, count),
        v.array(v.pipe(v.string(came), v.nonEmpty(came), v.maxBytes(MAX_KEY, size))),
      ),
    },
    came,
  ),
);

/**
 * `GET /images/{key}?inline`: the file as text in JSON, unless the client has it (`If-None-Match`). Throws a 404 or a
 * 500.
 */
export async function getInline(
  context: PictureContext,
  key: string,
  ifNoneMatch: string | undefined,
): Promise<Answer> {
  const found = await find(context, key);
  if ("problem" in found) {
    const { status, detail } = found.problem;
    throw new Problem(status === 413 ? 400 : status, detail);
  }
  const tag = formTag(found.etag, "inline");
  const bytesIn = found.picture.bytes;
  if (matches(ifNoneMatch, tag)) return { tag, bytesIn, body: undefined };
  return { tag, bytesIn, body: json(found.picture) };
}

/**
 * `POST /inline` with `{"keys": [...]}`: for each key, in order, the picture or a problem. Keys may repeat. Throws a
 * 400 for any other body, and for more than 200 keys.
 */
export async function getManyInline(
  context: PictureContext,
  body: string,
): Promise<{ readonly pictures: readonly (InlinePicture | InlineProblem)[] }> {
  const keys = parseKeys(body);
  const found = new Map<string, InlinePicture | InlineProblem>();
  const each = async (key: string): Promise<void> => {
    const one = await find(context, key);
    found.set(key, "problem" in one ? one : one.picture);
  };
  for await (const _ of inParallel(new Set(keys), AT_ONCE, each));
  return { pictures: keys.map((key) => found.get(key)!) };
}

function parseKeys(body: string): readonly string[] {
  if (body.length > MAX_BODY) {
    throw new Problem(400, `expected a body of at most ${MAX_BODY} characters, got ${body.length}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new Problem(400, `expected a body of {"keys": […]} in JSON: ${String(cause)}`, { cause });
  }
  const result = v.safeParse(Request, value, { abortEarly: true });
  if (result.success) return result.output.keys;
  const [issue] = result.issues;
  const place = v.getDotPath(issue);
  const wanted = `expected {"keys": […]} of 1–${MAX_KEYS} keys of 1–${MAX_KEY} bytes`;
  throw new Problem(400, `${wanted}, got ${issue.message}${place === null ? "" : ` at ${place}`}`);
}

async function find(
  { store, settings }: PictureContext,
  key: string,
): Promise<{ readonly etag: string; readonly picture: InlinePicture } | InlineProblem> {
  const latents = mayHaveLatents(key)
    ? await store.read(settings.latentsBucket, latentsKey(key), MAX_INLINE_BYTES)
    : undefined;
  if (!latents) {
    return problem(
      key,
      404,
      `there is no picture "${key}"; one that was just uploaded takes a second or two`,
    );
  }
  const { bytes: file, etag, size } = latents;
  if (!file) {
    const most = `expected a file of at most ${MAX_INLINE_BYTES} bytes, that of "${key}" has ${size}`;
    return problem(key, 413, `${most}: fetch it by its own URL`);
  }
  try {
    const { kind, width, height } = describeFile(readZn(file));
    return { etag, picture: { key, inline: toInline(file), width, height, kind, bytes: file.length } };
  } catch (error) {
    return problem(key, 500, `the latents of "${key}" could not be read: ${String(error)}`);
  }
}

function problem(key: string, status: keyof typeof TITLES, detail: string): InlineProblem {
  return { key, problem: { status, title: TITLES[status], detail } };
}

function json(value: unknown): { readonly type: string; readonly bytes: Uint8Array } {
  return { type: "application/json", bytes: Buffer.from(JSON.stringify(value)) };
}
