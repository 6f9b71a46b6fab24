import { createHmac, timingSafeEqual } from "node:crypto";
import { badOption, describeValue, parseWhole, ZippyNetError } from "../../codec/errors.ts";
import type { MIN_SECRET_LENGTH } from "../settings.ts";
import { Problem } from "./answer.ts";

/**
 * Signed URLs of a private service. Whoever has one can fetch the picture in this form until the URL expires. The
 * signature is HMAC-SHA-256, in base64url, over
 *
 * ```
 * zippynet-url-1 ⏎ path ⏎ query without signature, sorted ⏎
 * ```
 *
 * with path and query percent-encoded by one rule, whatever the URL had. The query has `expires`, in seconds since
 * 1970. Scheme and host are not part of it, so that a URL also works through a proxy. Two services must not share a
 * secret.
 */
const SCHEME = "zippynet-url-1";
/** The last time that a `Date` can hold, in seconds since 1970. */
const LATEST = 8.64e12;
/**
 * The compiler holds it to the number of the settings, which `zippynet/sign` must not bring along with their parser.
 */
const MIN_LENGTH: typeof MIN_SECRET_LENGTH = 32;
const [EXPIRES, SIGNATURE] = ["expires", "signature"] as const;

/**
 * Signs the URL of a picture, with or without a query. Throws `bad-option` if it is no URL, is signed already, the
 * secret is short, or the time is invalid.
 * @param expires when it expires; parts of a second are cut off
 */
export function signUrl(url: string, secret: string, expires: Date): string {
  const isUrl = typeof url === "string" && URL.canParse(url); // Node 20 has no `URL.parse`
  const signed = isUrl ? new URL(url) : undefined;
  if (!signed || !/^https?:$/.test(signed.protocol)) throw badOption("expected a URL of http or https", url);
  if (typeof secret !== "string" || secret.length < MIN_LENGTH) {
    const got = typeof secret === "string" ? `one of ${secret.length}` : typeof secret; // not the secret itself
    throw new ZippyNetError(
      "bad-option",
      `expected a secret of at least ${MIN_LENGTH} characters, got ${got}`,
    );
  }
  if ([EXPIRES, SIGNATURE].some((name) => signed.searchParams.has(name))) {
    throw new ZippyNetError("bad-option", `expected a URL that is not signed, got "${url}"`);
  }
  if (!(expires instanceof Date) || Number.isNaN(expires.getTime())) {
    const got = expires instanceof Date ? "an invalid date" : describeValue(expires);
    throw new ZippyNetError("bad-option", `expected a Date at which the URL expires, got ${got}`);
  }
  const path = decodedPath(signed.pathname);
  signed.searchParams.set(EXPIRES, String(Math.floor(expires.getTime() / 1000)));
  const signature = signatureOf(path, signed.searchParams, secret).toString("base64url");
  signed.searchParams.set(SIGNATURE, signature);
  return signed.href;
}

/**
 * For how many seconds a request is still valid. Throws a 403 that says what is wrong: there is no signature, it does
 * not match, or it has expired. Only URLs that were valid once are said to have expired.
 * @param path decoded, `/images/a b.png`
 * @param now milliseconds since 1970
 */
export function checkSignedUrl(
  path: string,
  query: URLSearchParams,
  secrets: readonly string[],
  now: number,
): number {
  for (const name of [EXPIRES, SIGNATURE]) {
    if (!query.has(name)) throw new Problem(403, `expected a signed URL, got one without "${name}"`);
  }
  const given = Buffer.from(query.get(SIGNATURE)!, "base64url");
  const fits = secrets.map((secret) => {
    const expected = signatureOf(path, query, secret);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  if (!fits.includes(true)) {
    throw new Problem(403, "expected the signature of this path and query, got another: the URL was altered");
  }
  const expires = parseWhole(query.get(EXPIRES)!, 0, LATEST);
  if (expires === undefined) {
    throw new Problem(403, `expected "${EXPIRES}" in seconds since 1970, got "${query.get(EXPIRES)}"`);
  }
  const left = expires - now / 1000;
  if (left > 0) return left;
  const then = new Date(expires * 1000).toISOString();
  throw new Problem(403, `expected a URL that is still good, got one that expired at ${then}`);
}

function signatureOf(path: string, query: URLSearchParams, secret: string): Buffer {
  const rest = new URLSearchParams([...query].filter(([name]) => name !== SIGNATURE));
  rest.sort();
  const text = [SCHEME, path.split("/").map(encodeURIComponent).join("/"), rest.toString(), ""].join("\n");
  return createHmac("sha256", secret).update(text).digest();
}

function decodedPath(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch (cause) {
    throw new ZippyNetError("bad-option", `expected a percent-encoded path, got "${pathname}"`, { cause });
  }
}

/**
 * Checks that a request is allowed: always in a public service, with a signed URL in a private one. Returns the
 * `Cache-Control` of the answer, which nobody may keep after the URL has expired. Throws a 403.
 * @param path decoded
 */
export function admit(
  { signingSecrets, maxAge }: { readonly signingSecrets: readonly string[]; readonly maxAge: number },
  path: string,
  query: URLSearchParams,
): string {
  if (signingSecrets.length === 0) return `public, max-age=${maxAge}`;
  const left = checkSignedUrl(path, query, signingSecrets, Date.now());
  return `private, max-age=${Math.min(maxAge, Math.floor(left))}`;
}
