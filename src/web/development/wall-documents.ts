import { toInline } from "../../codec/format/base64url.ts";

/** The two walls, each with all its pictures in itself. */

export const WALL = "wall.html";
export const WEBP_WALL = "wall-webp.html";

export interface WallPicture {
  readonly zn: Uint8Array;
  readonly webp: Uint8Array;
}

export function znDocument(pictures: readonly WallPicture[], side: number): string {
  const bytes = total(pictures.map(({ zn }) => zn));
  const other = `<a href="${WEBP_WALL}">the same as WebP, at its smallest</a>`;
  const cells = pictures.map(
    ({ zn }) => `<canvas data-zn="${toInline(zn)}" width="${side}" height="${side}"></canvas>`,
  );
  return documentOf("ZippyNet", pictures.length, bytes, other, cells);
}

export function webpDocument(pictures: readonly WallPicture[], side: number): string {
  const bytes = total(pictures.map(({ webp }) => webp));
  const other = `<a href="${WALL}">the same as ZippyNet</a>`;
  const cells = pictures.map(
    ({ webp }) =>
      `<img src="data:image/webp;base64,${Buffer.from(webp).toString("base64")}" width="${side}" height="${side}" alt="">`,
  );
  return documentOf("WebP", pictures.length, bytes, other, cells);
}

function documentOf(
  name: string,
  count: number,
  bytes: number,
  other: string,
  cells: readonly string[],
): string {
  const each = (bytes / count).toFixed(0);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${count} pictures in one document: ${name}</title>
<link rel="icon" href="icon.svg">
<link rel="stylesheet" href="wall.css">
<script type="module" src="wall.js"></script>
<header>
<h1>${name}: ${count.toLocaleString("en")} pictures in one document</h1>
<p>${each} bytes a picture; this document: <span id="size"></span>. Beside it: ${other}.</p>
<p id="result" role="status"></p>
</header>
<main>
${cells.join("\n")}
</main>
</html>
`;
}

function total(files: readonly Uint8Array[]): number {
  return files.reduce((sum, { length }) => sum + length, 0);
}
