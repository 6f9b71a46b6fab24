import { messageOf } from "../../codec/errors.ts";
import { pngOf } from "../browser/png.ts";
import { at, make } from "./dom.ts";
import { inBytes, inDecibels } from "./measure.ts";
import { modelOf } from "./result.ts";
import type { Wanted } from "./settings.ts";

/** The addresses in service.json beside the page; that file is `{}` where there is no service. */
interface Service {
  /** URL of the uploads bucket, to which this page may PUT. */
  readonly uploads: string;
  /** URL of the HTTP API. */
  readonly api: string;
}

/** The part of the API's `?info` that is used. */
interface Info {
  readonly bytes: number;
  readonly psnr: number | "lossless";
  /** ETag of the upload. */
  readonly etag: string | undefined;
  /** What it was encoded to, such as `max-bytes 98`. */
  readonly target: string | undefined;
}

/** Milliseconds that the service may take, and milliseconds between two requests for its answer. */
const TIMEOUT = 30_000;
const EVERY = 400;
/** Milliseconds after which another target is accepted: a service may ignore the target of an upload. */
const OTHERWISE = 6_000;

/** What the page shows when the button is pressed. */
interface Current {
  readonly picture: ImageData;
  readonly file: Uint8Array;
  readonly wanted: Wanted;
}

/** Shows the form if there is a service. @param current gives what to upload; undefined if there is no original */
export async function listenForUploads(current: () => Promise<Current | undefined>): Promise<void> {
  const service = await readService();
  if (!service) return;
  at("upload", "section" as "div").hidden = false;
  at("upload-button", "button").disabled = false;
  at("upload-form", "form").addEventListener("submit", (event) => {
    event.preventDefault();
    void submit(service, current);
  });
}

/** Uploads what is shown under the key in the form, and shows what came of it. */
async function submit(service: Service, current: () => Promise<Current | undefined>): Promise<void> {
  const [button, place] = [at("upload-button", "button"), at("uploaded", "div")];
  const key = at("key", "input").value.trim();
  if (key === "") return;
  button.disabled = true;
  place.replaceChildren(make("p", "Uploading …", { class: "hint" }));
  try {
    const now = await current();
    if (!now) throw new Error("there is no original to upload: choose a picture, or change what is set");
    place.replaceChildren(...(await upload(service, key, now)));
  } catch (error) {
    place.replaceChildren(make("p", messageOf(error), { class: "bad" }));
  } finally {
    button.disabled = false;
  }
}

async function readService(): Promise<Service | undefined> {
  const found: unknown = await fetch("service.json")
    .then((response) => (response.ok ? response.json() : undefined))
    .catch(() => undefined);
  if (typeof found !== "object" || found === null) return undefined;
  const { uploads, api } = found as Record<string, unknown>;
  return typeof uploads === "string" && typeof api === "string" ? { uploads, api } : undefined;
}

/** Uploads a picture, waits for the service to encode it, and gives the lines and the picture to show. */
async function upload({ uploads, api }: Service, key: string, current: Current): Promise<Node[]> {
  const path = key.split("/").map(encodeURIComponent).join("/");
  const target = targetOf(current.wanted.options);
  const etag = await put(`${uploads}/${path}`, current, target);
  const url = `${api}/images/${path}`;
  const { bytes, psnr } = await known(`${url}?info`, etag, target.join(" "));
  const size = `${inBytes(bytes)}, ${psnr === "lossless" ? "no loss" : inDecibels(psnr)}`;
  const same = (await sameFile(`${url}?format=zn`, current.file))
    ? ", byte for byte what this page made"
    : ", not the file that this page made: the service has other settings or models, or a classical codec was better";
  const line = make("p");
  line.append(make("a", url, { href: url }), ` ${size}${same}`);
  return [line, make("img", "", { src: url, alt: `${key}, from the service`, crossorigin: "anonymous" })];
}

/** Puts a picture into the uploads bucket, to be encoded as it is here. Gives its ETag, where the bucket tells it. */
async function put(
  url: string,
  { picture, file }: Current,
  [name, value]: readonly [string, string],
): Promise<string | undefined> {
  const model = modelOf(file);
  const response = await fetch(url, {
    method: "PUT",
    body: await pngOf(picture),
    headers: {
      "content-type": "image/png",
      [`x-amz-meta-zippynet-${name}`]: value,
      ...(model && { "x-amz-meta-zippynet-model": model.name }),
    },
  });
  if (!response.ok) throw new Error(`the bucket answered with status ${response.status}, expected 200`);
  return response.headers.get("etag")?.replaceAll('"', "");
}

/** Name and value of a target, as the service calls them. */
function targetOf({ quality, maxBytes, psnr }: Wanted["options"]): [string, string] {
  if (maxBytes !== undefined) return ["max-bytes", String(maxBytes)];
  return psnr === undefined ? ["quality", String(quality)] : ["psnr", String(psnr)];
}

async function sameFile(url: string, file: Uint8Array): Promise<boolean> {
  const response = await fetch(url, { cache: "no-store" });
  const stored = new Uint8Array(await response.arrayBuffer());
  return response.ok && stored.length === file.length && stored.every((byte, i) => byte === file[i]);
}

/** Waits until the service has encoded this upload to this target, and gives its description of it. */
async function known(url: string, etag: string | undefined, target: string): Promise<Info> {
  for (const start = Date.now(); Date.now() - start < TIMEOUT; ) {
    const response = await fetch(url, { cache: "no-store" });
    if (response.ok) {
      const info = infoOf(await response.json());
      const isOld = info?.target !== target && Date.now() - start < OTHERWISE;
      if (info && !isOld && (etag === undefined || info.etag === etag)) return info;
    } else if (response.status !== 404) {
      throw new Error(`the service answered with status ${response.status}, expected 200`);
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY));
  }
  throw new Error(`the service made no picture of it in ${TIMEOUT / 1000} seconds; its log says why`);
}

function infoOf(json: unknown): Info | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const { bytes, psnr, source, target } = json as Record<string, unknown>;
  if (typeof bytes !== "number" || (typeof psnr !== "number" && psnr !== "lossless")) return undefined;
  const etag = (source as { readonly etag?: unknown } | undefined)?.etag;
  return {
    bytes,
    psnr,
    etag: typeof etag === "string" ? etag : undefined,
    target: typeof target === "string" ? target : undefined,
  };
}
