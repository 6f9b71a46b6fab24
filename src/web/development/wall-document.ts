import { toInline } from "../../codec/format/base64url.ts";

export const WALL = "wall.html";

/** A picture of the wall, coded both ways. */
export interface WallPicture {
  readonly name: string;
  readonly zn: Coded;
  readonly webp: Coded;
}

export interface Coded {
  readonly file: Uint8Array;
  /** In dB. */
  readonly psnr: number;
}

/** The sizes of a wall. */
export interface Wall {
  /** Pictures. */
  readonly count: number;
  /** Pixels of each. */
  readonly side: number;
  readonly model: string;
  /** Bytes of the code and weights that decode, compressed by gzip. They are sent once. */
  readonly once: number;
  /** Bytes of the network of the natural look, compressed by gzip; undefined if the model has none. */
  readonly natural?: number | undefined;
  readonly zn: Weight;
  readonly webp: Weight;
}

interface Weight {
  /** Mean bytes of a file. */
  readonly file: number;
  /** Bytes of the HTML of all pictures, compressed by gzip. */
  readonly sent: number;
  /** Mean PSNR in dB. */
  readonly psnr: number;
}

/** From how many pictures on ZippyNet with its weights has sent less than WebP; undefined if it never has. */
export function breakEven({ count, once, zn, webp }: Wall): number | undefined {
  const saved = (webp.sent - zn.sent) / count;
  return saved > 0 ? Math.ceil(once / saved) : undefined;
}

/** The HTML of the pictures of both sides. */
export function cells(
  pictures: readonly WallPicture[],
  side: number,
): Readonly<Record<"zn" | "webp", string>> {
  const size = `width="${side}" height="${side}"`;
  const ours = pictures.map(
    ({ name, zn }) =>
      `<zippy-img src="${toInline(zn.file)}" ${size} alt="${escaped(name)}" loading="eager"></zippy-img>`,
  );
  const others = pictures.map(({ webp }) => {
    const text = Buffer.from(webp.file).toString("base64");
    return `<img src="data:image/webp;base64,${text}" ${size} alt="">`;
  });
  return { zn: ours.join("\n"), webp: others.join("\n") };
}

/** The page: both sides, one over the other with a movable split, and their sizes. */
export function wallDocument(pictures: readonly WallPicture[], wall: Wall): string {
  const { count, side, zn, webp, once, model, natural } = wall;
  const sides = cells(pictures, side);
  const smaller = zn.sent < webp.sent;
  const headline = smaller
    ? `${whole(count)} pictures in ${kilobytes(zn.sent)}. WebP needs ${kilobytes(webp.sent)} for the same quality.`
    : `${whole(count)} pictures: ${kilobytes(zn.sent)}, and ${kilobytes(webp.sent)} as WebP of the same quality.`;
  const even = breakEven(wall);
  const whether =
    even === undefined
      ? "They never pay for pictures like these."
      : `They pay from ${whole(even)} pictures on, counted over all pages of a visitor, whose browser keeps them.`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${headline}</title>
<link rel="icon" href="icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="wall.css">
<script type="module" src="wall.js"></script>
</head>
<body>
<header>
<h1>${headline}</h1>
<p>At ${side}×${side} pixels, and of each picture ours has at least WebP's PSNR. Code and the weights of the model ${escaped(model)} are sent once besides: ${kilobytes(once)}. ${whether}</p>
<p id="result" role="status">Decoding …</p>
${natural === undefined ? "" : lookSwitch(natural)}</header>
<main>
<p class="sides"><span><b>ZippyNet</b> ${whole(zn.file)} bytes</span><span><b>WebP</b> ${whole(webp.file)} bytes</span></p>
<div class="wall" id="wall" data-model="${escaped(model)}">
<div class="side">
${sides.webp}
</div>
<div class="side own">
${sides.zn}
</div>
<input id="split" type="range" min="0" max="100" step="0.1" value="50" aria-label="Where ZippyNet ends and WebP begins">
</div>
<table>
<caption>Bytes, mean or sum of ${whole(count)} pictures</caption>
<tr><td></td><th scope="col">ZippyNet</th><th scope="col">WebP</th></tr>
<tr><th scope="row">a file</th><td>${zn.file.toFixed(1)}</td><td>${webp.file.toFixed(1)}</td></tr>
<tr><th scope="row">PSNR${natural === undefined ? "" : " of the faithful look"}</th><td>${zn.psnr.toFixed(2)} dB</td><td>${webp.psnr.toFixed(2)} dB</td></tr>
<tr><th scope="row">all in a page, as sent</th><td>${whole(zn.sent)}</td><td>${whole(webp.sent)}</td></tr>
<tr><th scope="row">code and weights, as sent, once</th><td>${whole(once)}</td><td>0</td></tr>
<tr><th scope="row">all of it</th><td>${whole(zn.sent + once)}</td><td>${whole(webp.sent)}</td></tr>
</table>
<p>As sent: text in HTML, compressed by gzip. WebP: libwebp at effort 6 with the preset that gives it the highest PSNR.</p>
</main>
</body>
</html>
`;
}

/** @param bytes of the second network, compressed */
function lookSwitch(bytes: number): string {
  return `<fieldset class="choice">
<legend>Look of ZippyNet's side</legend>
<label><input type="radio" name="look" value="faithful" checked> Faithful</label>
<label><input type="radio" name="look" value="natural"> Natural</label>
</fieldset>
<p>Natural paints likely detail that the files do not hold, <a href="https://github.com/zippynet/zippynet/blob/main/docs/looks.md">and may be wrong</a>. Its network, ${kilobytes(bytes)} more, is loaded when it is first chosen. All numbers here are of the faithful look.</p>
`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** In units of a thousand or a million bytes. */
function kilobytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
