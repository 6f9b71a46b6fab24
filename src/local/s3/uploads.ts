import { createHash, randomUUID } from "node:crypto";
import type { NewObject } from "./disk.ts";
import { S3Error } from "./errors.ts";

/** Unfinished multipart uploads. Their parts are held in memory until the upload is completed or aborted. */
export class Uploads {
  readonly #uploads = new Map<string, { headers: Record<string, string>; parts: Map<number, Uint8Array> }>();

  begin(headers: Record<string, string>): string {
    const id = randomUUID();
    this.#uploads.set(id, { headers, parts: new Map() });
    return id;
  }

  /** Returns the part's ETag. */
  add(id: string, part: number, body: Uint8Array): string {
    if (!Number.isInteger(part) || part < 1 || part > 10_000) {
      throw new S3Error(400, "InvalidArgument", `expected a part number of 1–10000, got ${part}`);
    }
    this.#find(id).parts.set(part, body);
    return md5(body).toString("hex");
  }

  /**
   * The object made of the listed parts. The upload is kept until it is aborted, so that a failed write can be tried
   * again.
   */
  join(id: string, numbers: readonly number[]): NewObject {
    const { headers, parts } = this.#find(id);
    const bodies = numbers.map((number) => {
      const body = parts.get(number);
      if (!body) throw new S3Error(400, "InvalidPart", `expected a part ${number}, which was not uploaded`);
      return body;
    });
    const digest = md5(Buffer.concat(bodies.map(md5))).toString("hex");
    return { headers, body: Buffer.concat(bodies), etag: `${digest}-${bodies.length}` };
  }

  abort(id: string): void {
    this.#uploads.delete(id);
  }

  #find(id: string): { headers: Record<string, string>; parts: Map<number, Uint8Array> } {
    const upload = this.#uploads.get(id);
    if (!upload) throw new S3Error(404, "NoSuchUpload", `There is no upload ${id}`);
    return upload;
  }
}

function md5(body: Uint8Array): Buffer {
  return createHash("md5").update(body).digest();
}
