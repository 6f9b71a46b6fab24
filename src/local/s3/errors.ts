/** An answer of the S3 API that is not a success: status, S3's code, and a message for people. */
export class S3Error extends Error {
  override readonly name = "S3Error";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const noSuchKey = (key: string): S3Error =>
  new S3Error(404, "NoSuchKey", `The specified key does not exist: ${key}`);

export const preconditionFailed = (header: string): S3Error =>
  new S3Error(412, "PreconditionFailed", `The condition of ${header} did not hold`);

export const notImplemented = (what: string): S3Error =>
  new S3Error(501, "NotImplemented", `This local S3 does not know ${what}`);
