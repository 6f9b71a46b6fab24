import type { ServiceSettings } from "../settings.ts";
import { checkSignedUrl } from "./signed-url.ts";

/**
 * Whether a request may have what it asks for: always, or if the service is private, by a signed URL. Returns for how long, and by
 * whom, the answer may be kept; past the signature's time nobody may. Throws a 403.
 * @param path decoded
 */
export function admit(
  { signingSecrets, maxAge }: Pick<ServiceSettings, "signingSecrets" | "maxAge">,
  path: string,
  query: URLSearchParams,
): string {
  if (signingSecrets.length === 0) return `public, max-age=${maxAge}`;
  const left = checkSignedUrl(path, query, signingSecrets, Date.now());
  return `private, max-age=${Math.min(maxAge, Math.floor(left))}`;
}
