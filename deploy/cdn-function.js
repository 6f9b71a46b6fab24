/*
 * The viewer-request function of CloudFront: gives each picture one cache key, however it is asked for, so that no
 * client can fill the cache with copies, or make the API render one picture many times. In the language of
 * cloudfront-js-2.0: ES 5.1, `const`, `let`.
 *
 * `cdn-function.ts` puts six constants before it: TYPES, media types by the name that `?format=` knows, in the order
 * in which `chooseFormat` offers them; FITS; LOOKS; LOOK, the usual one; PRIVATE, whether pictures go to signed URLs
 * only; and ORIGINS, the ones that answers differ for.
 */

// biome-ignore lint/correctness/noUnusedVariables: CloudFront calls it
function handler(event) {
  const request = event.request;
  const query = request.querystring;
  const origin = request.headers.origin;
  if (origin && ORIGINS.indexOf(origin.value) < 0) delete request.headers.origin;
  request.uri = canonicalPath(request.uri);
  if (request.uri.indexOf("/images/") !== 0) {
    request.querystring = {};
    request.headers.accept = { value: "*/*" };
    return request;
  }
  if (PRIVATE) {
    // the signature covers the query as it is
    const asked = query.format || query.info || query.inline;
    request.headers.accept = {
      value: asked ? "*/*" : choose(textOf(request.headers.accept), !query.w && !query.h && !query.look),
    };
    return request;
  }
  if (query.inline || query.info) {
    request.querystring = query.inline ? { inline: { value: "" } } : { info: { value: "" } };
    request.headers.accept = { value: "*/*" };
    return request;
  }
  const kept = sizeOf(query);
  const format = query.format && formatOf(plain(query.format));
  if (query.format && (!format || (format === "zn" && (kept.w || kept.h || query.look)))) {
    kept.format = query.format; // the API says what is wrong with it
    if (query.look) kept.look = query.look;
    request.headers.accept = { value: "*/*" };
  } else if (format) {
    request.headers.accept = { value: TYPES[format] };
  } else {
    request.headers.accept = {
      value: choose(textOf(request.headers.accept), !kept.w && !kept.h && !query.look),
    };
  }
  request.querystring = kept;
  return request;
}

/** One way to write a key: letters as they are where they can be, a slash always as itself. */
function canonicalPath(uri) {
  try {
    return decodeURIComponent(uri).split("/").map(encodeURIComponent).join("/");
  } catch (_) {
    return uri;
  }
}

/** w, h, look and fit, always in this order; look and fit only where they matter and are not the default. */
function sizeOf(query) {
  const kept = {};
  ["w", "h"].forEach((name) => {
    const side = query[name];
    if (!side) return;
    const text = plain(side);
    kept[name] = /^\d+$/.test(text) ? { value: String(parseInt(text, 10)) } : side;
  });
  const look = query.look;
  if (look && plain(look) !== LOOK) kept.look = oneOf(LOOKS, look);
  const fit = query.fit;
  if (!fit) return kept;
  const name = plain(fit);
  const known = FITS.indexOf(name) >= 0;
  const matters = !known || (kept.w && kept.h ? name !== FITS[0] : !kept.w && !kept.h);
  if (matters) kept.fit = oneOf(FITS, fit);
  return kept;
}

/** The value of a parameter without percent-encoding, which CloudFront leaves in; "" if it comes twice or is wrong. */
function plain(parameter) {
  if (parameter.multiValue) return "";
  try {
    return decodeURIComponent(parameter.value);
  } catch (_) {
    return "";
  }
}

/** A name in its plain form; a parameter that is none of the names stays as it is, for the API to say so. */
function oneOf(names, parameter) {
  const name = plain(parameter);
  return names.indexOf(name) >= 0 ? { value: name } : parameter;
}

function formatOf(name) {
  const format = name === "jpg" ? "jpeg" : name;
  return Object.keys(TYPES).indexOf(format) >= 0 ? format : undefined;
}

function textOf(header) {
  if (!header) return "*/*";
  const text = header.multiValue ? header.multiValue.map((each) => each.value).join(",") : header.value;
  return text.trim() === "" ? "*/*" : text;
}

/** The media type that `chooseFormat` would choose; `none/none` where it would answer 406. */
function choose(accept, file) {
  const text = accept.toLowerCase();
  const ranges = text.split(",").map(rangeOf);
  let best = null;
  Object.keys(TYPES).forEach((format) => {
    const type = TYPES[format];
    if (format === "zn" && !(file && text.indexOf(type) >= 0)) return;
    const match = matchOf(type, ranges);
    if (match && match.q > 0 && (!best || isBefore(match, best))) best = match;
  });
  return best ? best.type : "none/none";
}

function rangeOf(text, order) {
  const parts = text.split(";").map((part) => part.trim());
  const range = { name: parts[0], q: 1, order: order };
  parts.slice(1).forEach((part) => {
    const pair = part.split("=");
    if (pair[0].trim() !== "q")
      range.name = ""; // a picture's type has no parameters, so such a range is of no use
    else if (pair[1]) range.q = parseFloat(pair[1]);
  });
  return range;
}

/** The most specific range that a type is in; of equals the one with the highest q, then the last. */
function matchOf(type, ranges) {
  let found = null;
  ranges.forEach((range) => {
    const exact = range.name === type ? 2 : range.name === "image/*" ? 1 : range.name === "*/*" ? 0 : -1;
    if (exact < 0) return;
    if (!found || exact > found.exact || (exact === found.exact && !(range.q < found.q))) {
      found = { type: type, exact: exact, q: range.q, order: range.order };
    }
  });
  return found;
}

function isBefore(a, b) {
  if (a.q !== b.q) return a.q > b.q;
  if (a.exact !== b.exact) return a.exact > b.exact;
  return a.order < b.order;
}
