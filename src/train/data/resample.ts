import type { Image } from "../../codec/image.ts";

/** Half-width of the Lanczos3 window in output pixels. */
const LOBES = 3;

/** A rectangle in pixels of an image, not necessarily whole. */
export interface Crop {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A crop of an image, scaled to width × height by Lanczos3 (antialiased when it shrinks), rounded to 8 bits, mirrored
 * left to right if asked.
 */
export function resample(image: Image, crop: Crop, width: number, height: number, mirror = false): Image {
  const across = taps(crop.left, crop.width, width, image.width, mirror);
  const down = taps(crop.top, crop.height, height, image.height, false);
  const [first, last] = [down.first[0]!, down.first[height - 1]! + down.count];
  const stride = width * 3;
  const lines = new Float32Array((last - first) * stride);
  for (let y = first, to = 0; y < last; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      let [r, g, b] = [0, 0, 0];
      let from = (y * image.width + across.first[x]!) * 3;
      const end = (x + 1) * across.count;
      for (let i = x * across.count; i < end; i++, from += 3) {
        const weight = across.weights[i]!;
        r += weight * image.data[from]!;
        g += weight * image.data[from + 1]!;
        b += weight * image.data[from + 2]!;
      }
      lines[to] = r;
      lines[to + 1] = g;
      lines[to + 2] = b;
    }
  }
  const data = new Uint8Array(height * stride);
  const sums = new Float32Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let i = 0; i < down.count; i++) {
      const weight = down.weights[y * down.count + i]!;
      const from = (down.first[y]! - first + i) * stride;
      for (let x = 0; x < stride; x++) sums[x]! += weight * lines[from + x]!;
    }
    for (let x = 0; x < stride; x++) {
      data[y * stride + x] = Math.max(0, Math.min(255, Math.floor(sums[x]! + 0.5)));
    }
  }
  return { width, height, data };
}

/** For each output pixel, the first input pixel it takes from, and `count` weights that sum to 1. */
interface Taps {
  readonly first: Int32Array;
  readonly count: number;
  readonly weights: Float32Array;
}

function taps(start: number, length: number, size: number, limit: number, mirror: boolean): Taps {
  const scale = length / size;
  const stretch = Math.max(1, scale);
  const count = Math.min(limit, Math.ceil(2 * LOBES * stretch) + 1);
  const first = new Int32Array(size);
  const weights = new Float32Array(size * count);
  for (let i = 0; i < size; i++) {
    const centre = start + ((mirror ? size - 1 - i : i) + 0.5) * scale;
    const from = Math.max(0, Math.min(limit - count, Math.ceil(centre - LOBES * stretch - 0.5)));
    first[i] = from;
    let total = 0;
    for (let k = 0; k < count; k++) {
      const weight = lanczos((from + k + 0.5 - centre) / stretch);
      weights[i * count + k] = weight;
      total += weight;
    }
    for (let k = 0; k < count; k++) weights[i * count + k]! /= total;
  }
  return { first, count, weights };
}

function lanczos(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= LOBES) return 0;
  const angle = Math.PI * x;
  return (LOBES * Math.sin(angle) * Math.sin(angle / LOBES)) / (angle * angle);
}
