import { createRequire, registerHooks } from "node:module";
import { dirname, join } from "node:path";
import type * as Core from "@tensorflow/tfjs-core";
import sharp, { type Sharp } from "sharp";
import type { Image } from "../../codec/image.ts";

/** Recognises faces by `@vladmandic/face-api`: dlib's face recognition network, converted. */
export interface Recogniser {
  /** Versions of packages and settings, as a part of a cache's key. */
  readonly name: string;
  /** Where the face of a picture is; undefined if none is found. */
  find(image: Image): Promise<Square | undefined>;
  /**
   * 128 numbers of the face in a square of a picture. Their Euclidean distance says how alike two faces are: by dlib's
   * authors, below 0.6 two photographs show one person. (King, "High quality face recognition with deep metric
   * learning", dlib.net, 2017)
   */
  describe(image: Image, square: Square): Promise<Float32Array>;
}

/** A square in shares of a picture's width and height, so that it fits the picture at any size. */
export interface Square {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const FACE_API = "@vladmandic/face-api";
const BACKEND = "@tensorflow/tfjs-backend-wasm";

/** Pixels of the shorter side in which a face is looked for: pictures of a few dozen are enlarged. */
const SEARCH_SIDE = 256;
/** Pixels that the detector scales its input to, and the least score that counts as a face. */
const DETECTOR = { inputSize: 160, scoreThreshold: 0.3 };
/** Pixels of the recognition network's input. */
const CHIP_SIDE = 150;

/** What is used of face-api, whose own types name half of TensorFlow.js. */
interface FaceApi {
  readonly nets: Readonly<Record<"tinyFaceDetector" | "faceRecognitionNet", Net>>;
  readonly TinyFaceDetectorOptions: new (options: typeof DETECTOR) => object;
  detectSingleFace(input: Core.Tensor3D, options: object): PromiseLike<{ readonly box: Box } | undefined>;
  computeFaceDescriptor(input: Core.Tensor3D): Promise<Float32Array>;
}

interface Net {
  loadFromDisk(folder: string): Promise<void>;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Loads the networks out of the package, which holds their weights, on TensorFlow.js's WebAssembly backend. Throws
 * RangeError that says what to install if a package is not there.
 */
export async function openRecogniser(): Promise<Recogniser> {
  const require = createRequire(import.meta.url);
  const [faces, backend] = [findPackage(FACE_API), findPackage(BACKEND)];
  const tf = require("@tensorflow/tfjs-core") as typeof Core;
  addMethods(tf);
  const wasm = require(BACKEND) as { setWasmPaths(folder: string): void };
  wasm.setWasmPaths(join(backend.folder, "dist/"));
  await tf.setBackend("wasm");
  // the package asks for all of TensorFlow.js, 300 MB, and uses its core
  const hooks = registerHooks({
    resolve: (name, context, next) =>
      next(name === "@tensorflow/tfjs" ? "@tensorflow/tfjs-core" : name, context),
  });
  const api = require(`${FACE_API}/dist/face-api.node-wasm.js`) as FaceApi;
  hooks.deregister();
  const weights = join(faces.folder, "model");
  await api.nets.tinyFaceDetector.loadFromDisk(weights);
  await api.nets.faceRecognitionNet.loadFromDisk(weights);
  const options = new api.TinyFaceDetectorOptions(DETECTOR);
  return {
    name: `${FACE_API} ${faces.version}, ${JSON.stringify(DETECTOR)} of ${SEARCH_SIDE}`,
    async find(image) {
      const scale = SEARCH_SIDE / Math.min(image.width, image.height);
      const [width, height] = [Math.round(image.width * scale), Math.round(image.height * scale)];
      const pixels = await raw(image)
        .resize(width, height, { fit: "fill", kernel: "cubic" })
        .raw()
        .toBuffer();
      const input = tf.tensor3d(pixels, [height, width, 3]);
      const face = await api.detectSingleFace(input, options);
      input.dispose();
      return face && squareOf(face.box, width, height);
    },
    async describe(image, square) {
      const input = tf.tensor3d(await chip(image, square), [CHIP_SIDE, CHIP_SIDE, 3]);
      const descriptor = await api.computeFaceDescriptor(input);
      input.dispose();
      return descriptor;
    },
  };
}

/** The Euclidean distance of two descriptors. */
export function distance(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0));
}

interface Package {
  readonly version: string;
  readonly folder: string;
}

/** Throws RangeError that says what to install. */
export function findPackage(name: string): Package {
  const require = createRequire(import.meta.url);
  try {
    const path = require.resolve(`${name}/package.json`);
    const { version } = require(path) as { version: string };
    return { version, folder: dirname(path) };
  } catch (cause) {
    const message = `recognising faces needs the package ${name}, which is not installed: npm install (without --omit=dev)`;
    throw new RangeError(message, { cause });
  }
}

/** face-api calls these functions as methods of tensors, which tfjs-core alone does not give them. */
function addMethods(tf: typeof Core): void {
  const prototype = tf.Tensor.prototype as unknown as Record<string, unknown>;
  const functions = tf as unknown as Record<string, (...values: unknown[]) => Core.Tensor>;
  for (const name of ["div", "expandDims", "mean", "mul", "reshape", "slice", "sub"]) {
    prototype[name] ??= function (this: Core.Tensor, ...values: unknown[]) {
      return functions[name]!(this, ...values);
    };
  }
  for (const rank of [1, 2, 3, 4]) {
    prototype[`as${rank}D`] ??= function (this: Core.Tensor, ...shape: number[]) {
      return tf.reshape(this, rank === 1 ? [this.size] : shape);
    };
  }
}

/** The square around the middle of a box, no larger than the picture and moved into it. */
function squareOf({ x, y, width, height }: Box, pictureWidth: number, pictureHeight: number): Square {
  const side = Math.min(Math.max(width, height), pictureWidth, pictureHeight);
  const into = (start: number, length: number) => Math.min(Math.max(start, 0), length - side);
  return {
    left: into(x + (width - side) / 2, pictureWidth) / pictureWidth,
    top: into(y + (height - side) / 2, pictureHeight) / pictureHeight,
    width: side / pictureWidth,
    height: side / pictureHeight,
  };
}

/** A square of a picture as the recognition network takes it, cut between pixels: RGB, row by row. */
function chip(image: Image, { left, top, width, height }: Square): Promise<Buffer> {
  const [x, y] = [CHIP_SIDE / width, CHIP_SIDE / height];
  return raw(image)
    .resize(Math.round(x), Math.round(y), { fit: "fill", kernel: "cubic" })
    .extract({
      left: Math.min(Math.round(left * x), Math.round(x) - CHIP_SIDE),
      top: Math.min(Math.round(top * y), Math.round(y) - CHIP_SIDE),
      width: CHIP_SIDE,
      height: CHIP_SIDE,
    })
    .raw()
    .toBuffer();
}

function raw({ width, height, data }: Image): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}
