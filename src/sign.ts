/** `zippynet/sign`: URLs of pictures of a private service. An entry of its own, whose types name nothing of Node. */
import { signUrl as sign } from "./service/decode/signed-url.ts";

/**
 * A picture's URL, with or without a query, signed until a time. Throws `bad-option` if it is no URL or is signed
 * already, or the time is no time.
 * @param secret at least 32 characters, as the service has it
 * @param expires the first moment at which it is no longer good; counts in whole seconds
 * @example
 * const inAnHour = new Date(Date.now() + 3_600_000);
 * const url = signUrl("https://img.example/images/anna.jpg?w=64", process.env.SIGNING_SECRET, inAnHour);
 */
export const signUrl: (url: string, secret: string, expires: Date) => string = sign;
