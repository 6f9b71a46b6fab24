import assert from "node:assert/strict";
import { before, test } from "node:test";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { cdnFunction } from "../../deploy/cdn-function.ts";
import { FITS } from "../../src/image/fit.ts";
import { openApi } from "../../src/service/decode/openapi.ts";
import { chooseFormat, SERVED } from "../../src/service/decode/picture-request.ts";
import { readSettings } from "../../src/service/settings.ts";
import { type Resolved, resolve } from "./resolved.ts";

interface ViewerRequest {
  readonly uri: string;
  readonly querystring: Readonly<Record<string, Parameter>>;
  readonly headers: Readonly<Record<string, Parameter>>;
}

type Handler = (event: { readonly request: ViewerRequest }) => ViewerRequest;

let cdn: Resolved["resources"];
/** The function as it is deployed, and as it is for a private service. */
let normalise: Handler;
let normalisePrivate: Handler;

before(async () => {
  cdn = (await resolve("cdn=true")).resources;
  const code = String(cdn.Resources["CdnAcceptFunction"]!.Properties["FunctionCode"]);
  assert.ok(code.length < 10_240, "CloudFront's limit");
  normalise = runInNewContext(`${code}; handler`) as Handler;
  normalisePrivate = runInNewContext(
    `${await cdnFunction({ secret: true, corsOrigins: "*", look: "faithful" })}; handler`,
  ) as Handler;
});

interface Parameter {
  readonly value: string;
  readonly multiValue?: readonly { readonly value: string }[];
}

/** One or several values in the form that CloudFront gives to a function. */
function told(values: readonly string[]): Parameter {
  return { value: values[0]!, ...(values.length > 1 && { multiValue: values.map((value) => ({ value })) }) };
}

/** What the function makes of a URL. */
function asked(url: string, accept: readonly string[] = [], handle: Handler = normalise): ViewerRequest {
  const [uri, search] = url.split("?") as [string, string | undefined];
  // CloudFront leaves names and values as they are encoded
  const pairs = (search?.split("&") ?? []).map((pair) => {
    const [name, ...value] = pair.split("=") as [string, ...string[]];
    return [name, value.join("=")] as const;
  });
  const query = Object.groupBy(pairs, ([name]) => name);
  return handle({
    request: {
      uri,
      querystring: Object.fromEntries(
        Object.entries(query).map(([name, own]) => [name, told(own!.map(([, value]) => value))]),
      ),
      headers: accept.length === 0 ? {} : { accept: told(accept) },
    },
  });
}

/** The key that a picture is kept under. */
function cacheKey(url: string, accept: readonly string[] = [], handle: Handler = normalise): string {
  const { uri, querystring, headers } = asked(url, accept, handle);
  return `${uri} ${JSON.stringify(querystring)} ${headers["accept"]!.value}`;
}

/** What is left of an `Accept` header, or several, and a query. */
function left(accept: string | readonly string[] | undefined, search = ""): string {
  const values = typeof accept === "string" ? [accept] : (accept ?? []);
  return asked(`/images/a${search}`, values).headers["accept"]!.value;
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
  assert.deepEqual(equals(cdn.Conditions["HasCdn"]), [true, true]);
  const off = (await resolve()).resources;
  assert.deepEqual(equals(off.Conditions["HasCdn"]), [false, true]);
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
    ["", "image/png"],
  ] as const) {
    assert.equal(left(accept), type, accept);
  }
  assert.equal(left(["image/webp;q=0.1", "image/jpeg"]), "image/jpeg");
  assert.equal(left("image/x-zippynet, image/png", "?w=20"), "image/png");
  assert.equal(left("image/avif", "?format=webp"), "image/webp");
  for (const query of ["?info", "?inline", "?format=none", "?format=zn&w=9"])
    assert.equal(left("image/avif", query), "*/*");
});

test("one picture, one key, however it is asked for", () => {
  for (const [url, ...others] of [
    ["/images/a", "/images/a?signature=1&expires=2", "/images/a?x=1", "/images/%61", "/images/a?format=png"],
    ["/images/a/b%20c", "/images/a%2Fb%20c", "/images/a%2fb%20c"],
    [
      "/images/a?info",
      "/images/a?info=1",
      "/images/a?info=1&info=2",
      "/images/a?info&w=9&format=webp&fit=fill",
    ],
    ["/images/a?inline", "/images/a?inline=7", "/images/a?info&inline", "/images/a?h=1&inline=x"],
    [
      "/images/a?w=64",
      "/images/a?w=064",
      "/images/a?w=0000064&fit=fill",
      "/images/a?w=0000000000000064",
      "/images/a?w=0%3000%30000000000064",
      "/images/a?fit=cover&w=64&expires=9",
    ],
    ["/images/a?w=6&h=7", "/images/a?h=7&w=6", "/images/a?h=07&fit=cover&w=6"],
    ["/images/a?w=6&h=7&fit=fill", "/images/a?fit=fill&h=7&w=6"],
    ["/images/a?w=6", "/images/a?look=faithful&w=6"],
    ["/images/a?w=6&look=natural", "/images/a?look=natural&w=06"],
    ["/images/a?format=jpeg", "/images/a?format=jpg", "/images/a?format=j%70g"],
    ["/images/a", "/%69mages/a", "/images/a?look=f%61ithful", "/images/a?%77=64"],
    ["/images/a?w=64&h=64&fit=fill", "/images/a?w=%36%34&h=6%34&fit=f%69ll"],
    ["/images/a?look=natural", "/images/a?look=n%61tural"],
    ["/openapi.json", "/openap%69.json"],
    ["/openapi.json", "/openapi.json?x=1"],
  ] as const) {
    for (const other of others) assert.equal(cacheKey(other), cacheKey(url), other);
  }
  assert.equal(cacheKey("/images/a?format=webp"), cacheKey("/images/a", ["image/webp"]));
  assert.equal(cacheKey("/openapi.json", ["text/html"]), cacheKey("/openapi.json"));
});

test("what differs to the API keeps keys of its own, and what it refuses comes to it as it is", () => {
  const urls = [
    "/images/a",
    "/images/A",
    "/images/a%252Fb",
    "/images/a/b",
    "/images/a?info",
    "/images/a?inline",
    "/images/a?w=64",
    "/images/a?h=64",
    "/images/a?w=64&h=64",
    ...FITS.slice(1).map((fit) => `/images/a?w=64&h=64&fit=${fit}`),
    ...Object.keys(SERVED)
      .slice(1)
      .map((format) => `/images/a?format=${format}`),
    "/images/a?fit=fill",
    "/images/a?look=natural",
    "/images/a?w=64&look=natural",
    "/images/a?look=neutral",
    "/images/a?format=zn&look=natural",
    "/images/a?w=64&fit=stretch",
    "/images/a?w=6x",
    "/images/a?w=",
    "/images/a?w=1&w=2",
    "/images/a?format=gif",
    "/images/a?format=zn&w=9",
    "/images/%ff",
  ];
  assert.equal(new Set(urls.map((url) => cacheKey(url))).size, urls.length);
  assert.deepEqual(asked("/images/a?w=1&w=2").querystring["w"], told(["1", "2"]));
});

test("an origin is part of the key only where answers differ for it", async () => {
  const code = await cdnFunction({ secret: false, corsOrigins: "https://shop.example", look: "natural" });
  const some = runInNewContext(`${code}; handler`) as Handler;
  for (const [handle, origin, kept] of [
    [normalise, "https://shop.example", undefined],
    [some, "https://shop.example", "https://shop.example"],
    [some, "https://evil.example", undefined],
  ] as const) {
    const request = { uri: "/images/a", querystring: {}, headers: { origin: { value: origin } } };
    assert.equal(handle({ request }).headers["origin"]?.value, kept);
  }
});

test("of a private service the query stays as it was signed", () => {
  const query = "w=064&fit=cover&v=3&expires=1&signature=x";
  const { querystring } = asked(`/images/a?${query}`, [], normalisePrivate);
  assert.equal(
    Object.entries(querystring)
      .map(([name, { value }]) => `${name}=${value}`)
      .join("&"),
    query,
  );
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
      const value = left(accept, file ? "" : "?h=9");
      assert.equal(value, chosen(accept, file), accept);
      assert.equal(chosen(value, file), value);
    }),
    { numRuns: 20_000 },
  );
});

test("the cache forwards what the function leaves: every parameter of the API, and no more", () => {
  const { CachePolicyConfig } = cdn.Resources["CdnCachePolicy"]!.Properties as {
    CachePolicyConfig: {
      ParametersInCacheKeyAndForwardedToOrigin: {
        QueryStringsConfig: object;
        HeadersConfig: { Headers: string[] };
      };
    };
  };
  const key = CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin;
  assert.deepEqual(key.HeadersConfig.Headers, ["Accept", "Origin"]);
  assert.deepEqual(key.QueryStringsConfig, { QueryStringBehavior: "all" }); // all, as a signature covers all
  const api = openApi(readSettings({ ZIPPYNET_LATENTS_BUCKET: "b" })) as unknown as {
    paths: Record<string, { get: { parameters: { name: string; in: string }[] } }>;
  };
  const names = api.paths["/images/{key}"]!.get.parameters.filter((each) => each.in === "query").map(
    ({ name }) => name,
  );
  const query = { w: "9", h: "9", fit: "fill", look: "natural", format: "none", info: "", inline: "" };
  assert.deepEqual(names.toSorted(), Object.keys(query).sort());
  for (const [name, value] of Object.entries(query)) {
    const beside = name === "fit" ? "&w=9&h=9" : "";
    const { querystring } = asked(`/images/a?other=1&${name}=${value}${beside}`);
    assert.ok(name in querystring && !("other" in querystring), name);
  }
});
