import assert from "node:assert/strict";
import { before, test } from "node:test";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { chooseFormat, SERVED } from "../../src/service/decode/negotiate.ts";
import { openApi } from "../../src/service/decode/openapi.ts";
import { readSettings } from "../../src/service/settings.ts";
import { type Resolved, resolve } from "./resolved.ts";

interface ViewerRequest {
  readonly querystring: Readonly<Record<string, { readonly value: string }>>;
  readonly headers: Record<string, { value: string; multiValue?: { value: string }[] }>;
}

let cdn: Resolved["resources"];
let normalise: (event: { readonly request: ViewerRequest }) => ViewerRequest;

before(async () => {
  cdn = (await resolve("cdn=true")).resources;
  const code = String(cdn.Resources["CdnAcceptFunction"]!.Properties["FunctionCode"]);
  assert.ok(code.length < 10_240, "CloudFront's limit");
  normalise = runInNewContext(`${code}; handler`) as typeof normalise;
});

/** What is left of an `Accept` header, or several, and a query. */
function left(
  accept: string | readonly string[] | undefined,
  query: Readonly<Record<string, string>> = {},
): string {
  const values = typeof accept === "string" ? [accept] : (accept ?? []);
  const multiValue = values.map((value) => ({ value }));
  const request: ViewerRequest = {
    querystring: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, { value }])),
    headers:
      values.length === 0 ? {} : { accept: { value: values[0]!, ...(values.length > 1 && { multiValue }) } },
  };
  return normalise({ request }).headers["accept"]!.value;
}

function chosen(accept: string | undefined, file: boolean): string {
  try {
    return SERVED[chooseFormat(undefined, accept, { file })];
  } catch {
    return "none/none";
  }
}

test("it is off unless asked for", async () => {
  const equals = (condition: unknown): unknown[] => (condition as { "Fn::Equals": unknown[] })["Fn::Equals"];
  assert.deepEqual(equals(cdn.Conditions["HasCdn"]), ["true", "true"]);
  const off = (await resolve()).resources;
  const [value, wanted] = equals(off.Conditions["HasCdn"]);
  assert.notEqual(String(value), wanted);
  const parts = [...Object.entries(cdn.Resources), ...Object.entries(cdn.Outputs)];
  const its = parts.filter(
    ([name, part]) => name.startsWith("Cdn") || JSON.stringify(part).includes("CloudFront"),
  );
  assert.equal(its.length, 4);
  for (const [name, { Condition }] of its) assert.equal(Condition, "HasCdn", name);
});

test("Accept of browsers becomes one type", () => {
  for (const [accept, type] of [
    [undefined, "image/png"],
    ["*/*", "image/png"],
    ["image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "image/avif"],
    ["image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", "image/avif"],
    ["image/webp,image/avif,image/jxl,image/heic,image/*;q=0.8", "image/webp"],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", "image/webp"],
    ["image/x-zippynet, image/png", "image/x-zippynet"],
    ["text/html", "none/none"],
    ["", "none/none"],
  ] as const) {
    assert.equal(left(accept), type, accept);
  }
  assert.equal(left(["image/webp;q=0.1", "image/jpeg"]), "image/jpeg");
  assert.equal(left("image/x-zippynet, image/png", { w: "20" }), "image/png");
  for (const query of [{ format: "webp" }, { info: "" }, { inline: "" }])
    assert.equal(left("image/avif", query), "*/*");
});

test("the API chooses of what is left what it would have chosen of all", () => {
  const type = fc.oneof(
    fc.constantFrom(
      ...Object.values(SERVED),
      "image/*",
      "*/*",
      "IMAGE/WEBP",
      "text/html",
      "image",
      "image/gif",
    ),
    fc.string({ unit: fc.constantFrom("i", "*", "/", "x", " "), maxLength: 6 }),
  );
  const parameter = fc.constantFrom(
    "",
    ";q=0",
    ";q=0.5",
    "; q=0.9",
    ";q=1",
    ";q=",
    ";q=x",
    ";v=1;q=0.7",
    ";v=1",
  );
  const range = fc.tuple(type, parameter).map((parts) => parts.join(""));
  const header = fc.tuple(fc.array(range, { maxLength: 6 }), fc.constantFrom(",", ", "));
  fc.assert(
    fc.property(header, fc.boolean(), ([ranges, comma], file) => {
      const accept = ranges.join(comma);
      const value = left(accept, file ? {} : { h: "9" });
      assert.equal(value, chosen(accept, file), accept);
      assert.equal(chosen(value, file), value);
    }),
    { numRuns: 20_000 },
  );
});

test("the cache knows every parameter of the API, and no more", () => {
  const { CachePolicyConfig } = cdn.Resources["CdnCachePolicy"]!.Properties as {
    CachePolicyConfig: {
      ParametersInCacheKeyAndForwardedToOrigin: {
        QueryStringsConfig: { QueryStrings: string[] };
        HeadersConfig: { Headers: string[] };
      };
    };
  };
  const key = CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin;
  assert.deepEqual(key.HeadersConfig.Headers, ["Accept"]);
  const api = openApi(
    readSettings({ ZIPPYNET_LATENTS_BUCKET: "b", ZIPPYNET_SIGNING_SECRET: "x".repeat(32) }),
  ) as unknown as {
    paths: Record<string, { get: { parameters: { name: string; in: string }[] } }>;
  };
  const names = api.paths["/images/{key}"]!.get.parameters.filter((each) => each.in === "query").map(
    ({ name }) => name,
  );
  assert.deepEqual(key.QueryStringsConfig.QueryStrings.toSorted(), [...names, "signature"].sort());
});
