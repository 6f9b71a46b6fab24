/** A request that cannot be answered with a picture; becomes a problem document of RFC 9457. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly title: string;

  /** `detail` is for the person who made the request: what was expected and what came. */
  constructor(status: keyof typeof TITLES, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.status = status;
    this.title = TITLES[status];
  }
}

const TITLES = {
  400: "Bad request",
  403: "Not allowed",
  404: "No such picture",
  405: "Method not allowed",
  406: "No acceptable format",
  422: "The picture is too large to send",
  500: "The picture could not be made",
} as const;
