import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import encodeQR from "qr";
import { CORRECTIONS, capacity, MAX_VERSION, versionFor } from "../../src/qr/code.ts";
import { linkTo, overhead, readPayload, writeLink, writePayload } from "../../src/qr/payload.ts";
import { signerOf, verifierOf } from "../../src/qr/signature.ts";

const pair = generateKeyPairSync("ed25519");
const privatePem = pair.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
const publicPem = pair.publicKey.export({ type: "spki", format: "pem" }) as string;
const sign = signerOf(privatePem);

test("file, text and signature survive, in as many bytes as foretold", () => {
  const verifies = verifierOf(publicPem);
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.string({ unit: "grapheme", maxLength: 100 }),
      fc.boolean(),
      (file, text, signed) => {
        const bytes = writePayload(file, text, signed ? sign : undefined);
        const back = readPayload(bytes);
        assert.deepEqual(Buffer.from(back.file), Buffer.from(file));
        assert.equal(back.text ?? "", text);
        assert.equal(back.signed !== undefined && verifies(back.signed), signed);
        assert.equal(bytes.length, file.length + overhead(file.length, text, signed));
      },
    ),
    { numRuns: 200 },
  );
});

test("a link has the file as its fragment, in ASCII; what is no page's address is refused", () => {
  const file = Uint8Array.from({ length: 100 }, (_, i) => i * 7);
  const bytes = writeLink(linkTo("https://bücher.example/ä?x=1"), file);
  assert.match(
    Buffer.from(bytes).toString("latin1"),
    /^https:\/\/xn--bcher-kva\.example\/%C3%A4\?x=1#[\w-]+$/,
  );
  assert.deepEqual(readPayload(bytes), { file });
  for (const page of ["example.org", "javascript:alert(1)", "https://", "https://example.org/#x"])
    assert.throws(() => linkTo(page), { code: "bad-option", message: /expected a page's address/ });
});

test("every bit that is altered is refused or breaks the signature", () => {
  const verifies = verifierOf(publicPem);
  const bytes = writePayload(Uint8Array.of(0x80, 1, 50, 7, 9, 9), "Anna", sign);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const altered = Uint8Array.from(bytes);
    altered[bit >> 3]! ^= 1 << (bit & 7);
    let accepted = false;
    try {
      const { signed } = readPayload(altered);
      accepted = signed !== undefined && verifies(signed);
    } catch (error) {
      assert.equal((error as Error).name, "ZippyNetError");
    }
    assert.ok(!accepted, `bit ${bit}`);
  }
});

test("the signature of another key does not fit", () => {
  const other = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }) as string;
  const { signed } = readPayload(writePayload(Uint8Array.of(1), undefined, sign));
  assert.equal(verifierOf(other)(signed!), false);
});

test("keys of other kinds are refused", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
  const pem = rsa.export({ type: "pkcs8", format: "pem" }) as string;
  assert.throws(() => signerOf(pem), { code: "bad-option", message: /Ed25519 key, got one of type rsa/ });
  assert.throws(() => signerOf("no key"), { code: "bad-option", message: /Ed25519 key in PEM/ });
});

for (const [bytes, message] of [
  [[], /expected a first byte of 0x50–0x53, got nothing/],
  [[0x68, 1, 1], /got 0x68/],
  [
    [...Buffer.from("https://example.org/#")],
    /a link whose fragment is a picture, got "https:\/\/example.org\/#"/,
  ],
  [[...Buffer.from("https://example.org/#a b")], /not an inline \.zn file: expected A–Z/],
  [[0x50], /ends within the length of the file/],
  [[0x50, 0], /expected a file of 1–0 bytes, which are left, got a length of 0/],
  [[0x50, 3, 1, 1], /expected a file of 1–2 bytes, which are left, got a length of 3/],
  [[0x50, 0x81, 0, 1], /not in its shortest form/],
  [[0x50, 0x80, 0x80, 0x80, 1], /in at most 3 bytes/],
  [[0x50, 1, 1, 1], /expected 0 bytes of signature at the end, got 1/],
  [[0x52, 1, 1, 1], /expected 64 bytes of signature at the end, got 1/],
  [[0x51, 1, 1, 1, 0xff], /its text is not UTF-8/],
] as const) {
  test(`payload ${JSON.stringify(bytes)} is refused`, () => {
    assert.throws(() => readPayload(Uint8Array.from(bytes)), { code: "bad-file", message });
  });
}

test("capacities are those of the library that writes the codes", () => {
  for (const correction of CORRECTIONS) {
    for (const version of [1, 9, 10, 15, 26, 27, MAX_VERSION]) {
      const most = capacity(version, correction);
      assert.equal(versionFor(most, correction), version);
      const encode = (length: number) =>
        encodeQR("", "raw", {
          encoding: "byte",
          textEncoder: () => new Uint8Array(length),
          ecc: correction,
          version,
          border: 1,
        });
      assert.equal(encode(most).length, 17 + 4 * version + 2);
      assert.throws(() => encode(most + 1), /overflow/i);
    }
  }
});
