import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { messageOf, ZippyNetError } from "../codec/errors.ts";
import type { Sign, Signed } from "./payload.ts";

/** A signer with the private Ed25519 key of a PEM text. Throws `bad-option`. */
export function signerOf(pem: string): Sign {
  const key = ed25519("private", () => createPrivateKey(pem));
  return (body) => new Uint8Array(sign(null, body, key));
}

/** The public Ed25519 key of a PEM text, which may also hold the private one. Throws `bad-option`. */
export function verifierOf(pem: string): (signed: Signed) => boolean {
  const key = ed25519("public", () => createPublicKey(pem));
  return ({ body, signature }) => verify(null, body, key, signature);
}

function ed25519(kind: string, open: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = open();
  } catch (cause) {
    const why = messageOf(cause);
    throw new ZippyNetError("bad-option", `expected a ${kind} Ed25519 key in PEM: ${why}`, { cause });
  }
  if (key.asymmetricKeyType === "ed25519") return key;
  throw new ZippyNetError(
    "bad-option",
    `expected a ${kind} Ed25519 key, got one of type ${key.asymmetricKeyType}`,
  );
}
