import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formTag, matches } from "../../src/http/etag.ts";
import { Problem } from "../../src/service/decode/answer.ts";
import { chooseFormat, readPictureRequest, SERVED } from "../../src/service/decode/picture-request.ts";

test("?format= decides, whatever is accepted", () => {
  for (const format of Object.keys(SERVED)) assert.equal(chooseFormat(format, "text/html"), format);
  assert.throws(
    () => chooseFormat("bmp", undefined),
    (error) => error instanceof Problem && error.status === 400 && /"bmp"/.test(error.message),
  );
});

test("Accept decides otherwise, by its q values and then by its order", () => {
  const cases: [string | undefined, string][] = [
    [undefined, "png"],
    ["*/*", "png"],
    ["image/*", "png"],
    ["image/webp", "webp"],
    ["IMAGE/WEBP", "webp"],
    ["image/webp;q=0.5, image/jpeg;q=0.9", "jpeg"],
    ["image/webp;q=0, image/avif;q=0.001", "avif"],
    ["image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "avif"],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", "webp"],
    ["image/png;q=0.2, */*;q=0.1", "png"],
    ["image/png;q=0, image/*;q=0.5", "webp"],
    ["image/x-zippynet", "zn"],
    ["image/x-zippynet, image/png", "zn"],
  ];
  for (const [accept, format] of cases) assert.equal(chooseFormat(undefined, accept), format, accept);
});

test("what is not accepted is a 406", () => {
  for (const accept of ["text/html", "image/png;q=0", "image/gif, image/bmp"]) {
    assert.throws(
      () => chooseFormat(undefined, accept),
      (error) => error instanceof Problem && error.status === 406,
      accept,
    );
  }
});

test("no Accept header makes anything but a format or a problem", () => {
  fc.assert(
    fc.property(fc.string(), (accept) => {
      try {
        assert.ok(chooseFormat(undefined, accept) in SERVED);
      } catch (error) {
        assert.ok(error instanceof Problem);
      }
    }),
  );
});

test("If-None-Match: a list, weak tags, a star", () => {
  const tag = formTag('"abc"', "webp");
  assert.equal(tag, '"abc-webp"');
  for (const header of [tag, `W/${tag}`, `"x", ${tag}`, `"x",W/${tag} , "y"`, "*", " * "]) {
    assert.ok(matches(header, tag), header);
  }
  for (const header of [undefined, "", '"abc"', "abc-webp", '"abc-png"', '"x", "y"']) {
    assert.ok(!matches(header, tag), header);
  }
});

test("a deployment that changes the look, or whether pictures are enlarged, changes the form", () => {
  const formOf = (query: string, change: object = {}) => {
    const settings = { maxSide: 2048, look: "faithful", enlarge: true, ...change } as const;
    return readPictureRequest(new URLSearchParams(query), undefined, settings).form;
  };
  assert.equal(formOf("w=200"), "png-w200");
  assert.equal(formOf("w=200", { enlarge: false }), "png-w200-at-most");
  assert.equal(formOf("", { enlarge: false }), "png");
  assert.equal(formOf("w=200", { look: "natural" }), "png-w200-natural");
});

test("latents and form both change the tag", () => {
  const tags = ['"a"', '"b"'].flatMap((etag) => Object.keys(SERVED).map((form) => formTag(etag, form)));
  assert.equal(new Set(tags).size, tags.length);
});
