import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compareKeys } from "../../service/aws/keys.ts";
import { noSuchKey } from "./errors.ts";

/** What S3 stores besides the bytes of an object. */
export interface ObjectInfo {
  readonly key: string;
  /** ETag without quotes. */
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  /** ISO 8601. */
  readonly modified: string;
  /** `content-type` and similar headers, and `x-amz-meta-*`, with names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface NewObject {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** The ETag of a multipart upload. Otherwise the ETag is the MD5 of the body. */
  readonly etag?: string;
}

/** Called with the object that is under the key now. Throws if the write must not happen. */
export type Guard = (current: ObjectInfo | undefined) => void;

/**
 * One bucket in one folder. An object is one file, `{JSON of ObjectInfo}\n{bytes}`. Its name is the SHA-256 of the key,
 * so that any key gives a legal file name. It is replaced by renaming a new file: a reader sees the old or the new
 * object, never a mixture, even after a crash.
 */
export class Bucket {
  readonly name: string;
  readonly #folder: string;
  readonly #index = new Map<string, ObjectInfo>();
  readonly #queues = new Map<string, Promise<unknown>>();

  private constructor(name: string, folder: string) {
    this.name = name;
    this.#folder = folder;
  }

  static async open(root: string, name: string): Promise<Bucket> {
    const bucket = new Bucket(name, join(root, name));
    await mkdir(bucket.#folder, { recursive: true });
    for (const file of await readdir(bucket.#folder)) {
      const path = join(bucket.#folder, file);
      if (file.endsWith(".new")) {
        await rm(path); // left by a write that did not finish
      } else if (NAME.test(file)) {
        const { info } = parse(await readFile(path), path);
        bucket.#index.set(info.key, info);
      } // others are not ours, such as those that file managers leave
    }
    return bucket;
  }

  /** All objects in the order of the UTF-8 bytes of their keys, like S3. */
  list(): ObjectInfo[] {
    return [...this.#index.values()].sort((a, b) => compareKeys(a.key, b.key));
  }

  info(key: string): ObjectInfo | undefined {
    return this.#index.get(key);
  }

  /** Throws `NoSuchKey`. */
  async read(key: string): Promise<{ info: ObjectInfo; body: Uint8Array }> {
    if (!this.#index.has(key)) throw noSuchKey(key);
    try {
      return parse(await readFile(this.#path(key)), this.#path(key));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") throw noSuchKey(key);
      throw error;
    }
  }

  /** Writes an object if the guard allows it. Other writers of the key wait until guard and write are done. */
  put(key: string, object: NewObject, guard: Guard): Promise<ObjectInfo> {
    return this.#alone(key, async () => {
      guard(this.#index.get(key));
      const info: ObjectInfo = {
        key,
        etag: object.etag ?? createHash("md5").update(object.body).digest("hex"),
        size: object.body.length,
        modified: new Date().toISOString(),
        headers: object.headers,
      };
      await this.#write(info, object.body);
      return info;
    });
  }

  /** Changes the headers of an object. Its bytes, ETag and time stay. Throws `NoSuchKey`. */
  relabel(
    key: string,
    change: (headers: ObjectInfo["headers"]) => ObjectInfo["headers"],
  ): Promise<ObjectInfo> {
    return this.#alone(key, async () => {
      const { info, body } = await this.read(key);
      const changed = { ...info, headers: change(info.headers) };
      await this.#write(changed, body);
      return changed;
    });
  }

  /** Deletes an object if the guard allows it. Returns whether there was one. */
  delete(key: string, guard: Guard): Promise<boolean> {
    return this.#alone(key, async () => {
      guard(this.#index.get(key));
      await rm(this.#path(key), { force: true });
      return this.#index.delete(key);
    });
  }

  async #write(info: ObjectInfo, body: Uint8Array): Promise<void> {
    const draft = `${this.#path(info.key)}-${randomUUID()}.new`;
    await writeFile(draft, Buffer.concat([Buffer.from(`${JSON.stringify(info)}\n`), body]));
    await rename(draft, this.#path(info.key));
    this.#index.set(info.key, info);
  }

  #path(key: string): string {
    return join(this.#folder, createHash("sha256").update(key).digest("hex"));
  }

  /** Runs a step after all earlier steps for the same key. */
  #alone<T>(key: string, step: () => Promise<T>): Promise<T> {
    const result = (this.#queues.get(key) ?? Promise.resolve()).then(step);
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    this.#queues.set(key, settled);
    void settled.then(() => {
      if (this.#queues.get(key) === settled) this.#queues.delete(key);
    });
    return result;
  }
}

/** Names of objects' files. */
const NAME = /^[0-9a-f]{64}$/;

function parse(file: Buffer, path: string): { info: ObjectInfo; body: Uint8Array } {
  const end = file.indexOf(10);
  try {
    return { info: JSON.parse(file.toString("utf8", 0, end)) as ObjectInfo, body: file.subarray(end + 1) };
  } catch (cause) {
    throw new Error(`expected an object of the local S3 in ${path}: delete that file`, { cause });
  }
}
