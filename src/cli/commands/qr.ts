import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { Command, Option } from "commander";
import { ZippyNetError } from "../../codec/errors.ts";
import { toInline } from "../../codec/format/base64url.ts";
import { describeFile, readZn } from "../../codec/format/zn-file.ts";
import { decodePicture } from "../../image/decode.ts";
import { PICTURE_FORMAT_NAMES, pictureFormatOf } from "../../image/formats.ts";
import { writeImage } from "../../image/write.ts";
import { openModels } from "../../model/folder.ts";
import { CORRECTIONS, type Correction, MAX_VERSION, modulesOf, svgOf } from "../../qr/code.ts";
import { pngOf, readCode } from "../../qr/code-image.ts";
import { makePayload } from "../../qr/make.ts";
import { linkTo, type Payload, readPayload } from "../../qr/payload.ts";
import { signerOf, verifierOf } from "../../qr/signature.ts";
import { readBytes, writeBytes } from "../files/bytes.ts";
import { STANDARD } from "../files/inputs.ts";
import { chooser, type EncodeOptions, usage, whole, wishOf, withEncodeOptions } from "../options.ts";
import { printable } from "../results.ts";

interface QrOptions extends EncodeOptions, ReadOptions {
  readonly read?: string;
  readonly maxVersion: number;
  readonly correction: Correction;
  readonly scale: number;
  readonly text?: string;
  readonly sign?: string;
  readonly link?: string;
}

/** 77×77 modules: 412 bytes, 3.4 cm in print at 0.4 mm a module. */
const VERSION = 15;

/** `zippynet qr`: a picture into a QR code, and back. */
export function qrCommand(): Command {
  const command = new Command("qr")
    .description(
      "Puts a picture into a QR code, the best one that fits, or reads one back:\n" +
        "  zippynet qr anna.jpg -o code.svg --text 'Anna, room 12' --sign key.pem\n" +
        "  zippynet qr --read scan.jpg --verify public.pem -o anna.png",
    )
    .argument("[in]", "an image or .zn file; - is standard input")
    .option(
      "-o, --output <file>",
      "the code, .png or .svg, or - for a PNG on standard output; of --read, the picture, .png, .webp, .avif, .jpg or .zn",
    )
    .option(
      "--max-version <v>",
      "the largest code, 1–40: 17 + 4·v modules a side",
      whole(1, MAX_VERSION),
      VERSION,
    )
    .addOption(
      new Option("--correction <level>", "how much of the code may be lost: 7, 15, 25 or 30 %")
        .choices(CORRECTIONS)
        .default("medium"),
    )
    .option("--scale <n>", "pixels a module of a PNG; an SVG has 0.4 mm a module", whole(1, 100), 8)
    .option("--text <text>", "text beside the picture")
    .option("--sign <file>", "private Ed25519 key (PEM) to sign picture and text with")
    .addOption(
      new Option(
        "--link <page>",
        "make it a link that any phone opens: to a page of yours (build:web), with the picture behind its #",
      ).conflicts(["text", "sign"]),
    )
    .addOption(
      new Option("--read <file>", "image with a code to read back, SVG too; - is standard input").conflicts([
        ...["text", "sign", "link", "maxVersion", "correction", "scale"],
        ...["model", "quality", "psnr", "maxBytes", "effort", "tune", "classical"],
      ]),
    )
    .option("--verify <file>", "public Ed25519 key (PEM) that the signature must fit")
    .option("--json", "report as JSON");
  return withEncodeOptions(command).action(run);
}

async function run(input: string | undefined, options: QrOptions, command: Command): Promise<void> {
  if (options.read !== undefined) {
    if (input !== undefined)
      usage(command, `expected an input or --read, got both, ${input} and ${options.read}`);
    return readQr(options.read, options, command);
  }
  if (input === undefined) usage(command, "expected an image or .zn file, or --read with an image of a code");
  if (options.verify !== undefined) usage(command, "expected --verify with --read");
  await writeQr(input, options, command);
}

async function writeQr(input: string, options: QrOptions, command: Command): Promise<void> {
  const { output = "", correction, maxVersion, scale, text, sign, link, json } = options;
  const form = output === STANDARD ? ".png" : extname(output).toLowerCase();
  if (form !== ".png" && form !== ".svg") {
    usage(command, `expected --output with a file of .png or .svg, or -, got ${output || "none"}`);
  }
  if (output === STANDARD && json)
    usage(command, "expected standard output for the code or for --json, got both");
  const { target, ...encode } = wishOf(options);
  const fits = options.quality === undefined && options.psnr === undefined && options.maxBytes === undefined;
  const { bytes, file, version } = await makePayload(await readBytes(input), chooser(options), {
    maxVersion,
    correction,
    ...(text !== undefined && { text }),
    ...(sign !== undefined && { sign: signerOf(await readFile(sign, "utf8")) }),
    ...(link !== undefined && { link: linkTo(link) }),
    encode: { ...encode, ...(!fits && { target }) },
  });
  const modules = modulesOf(bytes, correction);
  const drawn = form === ".png" ? await pngOf(modules, scale) : new TextEncoder().encode(svgOf(modules));
  await writeBytes(output, drawn);
  const side = 17 + 4 * version;
  if (json) {
    const report = {
      in: input,
      out: output,
      version,
      modules: side,
      bytes: bytes.length,
      pictureBytes: file.length,
    };
    process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  } else {
    console.error(
      `${output}: version ${version}, ${side}×${side} modules, ${bytes.length} bytes, ${file.length} of them the picture`,
    );
  }
}

interface ReadOptions {
  readonly output?: string;
  readonly verify?: string;
  readonly json?: boolean;
}

/** `zippynet qr --read`. Throws, and writes nothing, where a signature was to be verified and does not fit. */
async function readQr(path: string, options: ReadOptions, command: Command): Promise<void> {
  const { output, verify, json } = options;
  const ending = extname(output ?? "").slice(1);
  const format = ending.toLowerCase() === "zn" ? "zn" : pictureFormatOf(ending);
  if (output !== undefined && !format) {
    usage(
      command,
      `expected --output with a file of .${[...PICTURE_FORMAT_NAMES, "zn"].join(", .")}, got ${output}`,
    );
  }
  const verifier = verify === undefined ? undefined : verifierOf(await readFile(verify, "utf8"));
  const payload = readPayload(await readCode(await readBytes(path)));
  if (verifier) assertSigned(payload, verifier, verify!);
  const { file, text, signed } = payload;
  const { width, height, kind } = describeFile(readZn(file));
  if (output !== undefined && format) {
    const bytes =
      format === "zn" ? file : await writeImage(await decodePicture(await openModels(), file), format);
    await writeBytes(output, bytes);
  }
  const signature = !signed ? "none" : verifier ? "verified" : "not checked";
  if (json) {
    const picture = { width, height, kind, bytes: file.length, inline: toInline(file) };
    process.stdout.write(`${JSON.stringify({ in: path, ...picture, text, signature }, undefined, 2)}\n`);
    return;
  }
  console.log(
    `picture    ${width}×${height}, ${file.length} bytes${output === undefined ? "" : `, in ${output}`}`,
  );
  console.log(`signature  ${signature}`);
  if (text !== undefined) console.log(`text       ${printable(text)}`);
}

function assertSigned({ signed }: Payload, fits: ReturnType<typeof verifierOf>, key: string): void {
  if (!signed)
    throw new ZippyNetError("bad-signature", `expected a signature that ${key} verifies, got none`);
  if (!fits(signed)) {
    throw new ZippyNetError(
      "bad-signature",
      `expected a signature that ${key} verifies, got one of another key or of other content`,
    );
  }
}
