import { ZippyNetError } from "../codec/errors.ts";

/* The secrets by which the URLs of a private service are signed; see `decode/signed-url.ts`. */

/** The fewest characters of a secret. A shorter one could be guessed. */
export const MIN_SECRET_LENGTH = 32;

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
