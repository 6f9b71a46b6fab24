import type { Architecture, ConvolutionShape, Layers } from "./architecture.ts";

/**
 * The transforms: analysis `g_a` turns an image into `y`, synthesis `g_s` turns `y_hat` back into an image. After the
 * residual transforms of CompressAI and ELIC (He et al., CVPR 2022).
 *
 * ```
 *  x, h × w × 3                                           x_hat, h × w × 3
 *     │ pad to multiples of 8, space-to-depth 2              ▲ depth-to-space 2, crop
 *  h/2 × w/2 × 12                                         h/2 × w/2 × 12
 *     │ conv0 3×3                                            ▲ out 3×3
 *     │ residual blocks of widths[0]                         │ residual blocks of widths[0]
 *     │ down 5×5, stride 2                                   │ up 3×3, depth-to-space 2
 *  h/4 × w/4                                              h/4 × w/4
 *     │ residual blocks of widths[1]                         │ residual blocks of widths[1]
 *     │ down 3×3, stride 2                                   │ up 1×1, depth-to-space 2
 *  h/8 × w/8                                              h/8 × w/8
 *     │ residual blocks of widths[2]                         │ residual blocks of widths[2]
 *     ▼ out 1×1                                              │ conv0 3×3
 *     y ── × gain ── rounded, coded, decoded: y_hat ── × inverse gain
 *
 *    g_a                                                    g_s
 *
 *  residual block     ─┬─ act ─ a 1×1 ─ act ─ b 3×3 ─ act ─ c 1×1 ─ + ─      a and b have half the width;
 *                      └────────────────────────────────────────────┘        act is a leaky ReLU of slope 0.1
 * ```
 *
 * Residual blocks and resamplings of a transform are numbered in one row: `g_a.conv0`, `g_a.res1`, `g_a.res2`,
 * `g_a.down3`, …, `g_a.out`. Images enter and leave as space-to-depth blocks of 2 (see `autoencoder.ts`), so that
 * the largest maps are never made.
 */

/** Slope of the leaky ReLU of both transforms for negative inputs. */
export const TRANSFORM_SLOPE = 0.1;
/** Units of 1, the range of a sample: in the blocks that enter `g_a`, and in those that leave `g_s`. */
export const IMAGE_UNIT = 510;
export const PICTURE_UNIT = 255 * 32;
/** Units of an 8-bit level in the output of `g_s`. */
export const LEVEL = PICTURE_UNIT / 255;
/** Channels of a block. */
export const BLOCK_CHANNELS = 12;
/** Units of 1 in feature maps, and in `y` and `y_hat` within the transforms. */
export const FEATURE_UNIT = 1024;
/** Feature maps are clipped to ±this, which stands for 16. */
export const FEATURE_LIMIT = 2 ** 14 - 1;

/** [n, h/2, w/2, 12] image blocks, −½ to ½ → [n, h/8, w/8, latentChannels] `y` before gain. */
export function analysis<T>({ analysis: { blocks } }: Architecture, layers: Layers<T>, x: T): T {
  let index = 0;
  let h = layers.conv(x, `g_a.conv${index++}`);
  for (let level = 0; level < 3; level++) {
    if (level > 0) h = layers.conv(h, `g_a.down${index++}`, { stride: 2 });
    for (let i = 0; i < blocks[level]!; i++) h = residual(layers, h, `g_a.res${index++}`);
  }
  return layers.conv(h, "g_a.out");
}

/** [n, h/8, w/8, latentChannels] `y_hat` after inverse gain → [n, h/2, w/2, 12] image blocks, near −½ to ½. */
export function synthesis<T>({ synthesis: { blocks } }: Architecture, layers: Layers<T>, y: T): T {
  let index = 0;
  let h = layers.conv(y, `g_s.conv${index++}`);
  for (let level = 2; level >= 0; level--) {
    for (let i = 0; i < blocks[level]!; i++) h = residual(layers, h, `g_s.res${index++}`);
    if (level > 0) h = layers.up(h, `g_s.up${index++}`);
  }
  return layers.conv(h, "g_s.out");
}

function residual<T>(layers: Layers<T>, x: T, name: string): T {
  const a = layers.conv(layers.activate(x), `${name}.a`, { activate: true });
  const b = layers.conv(a, `${name}.b`, { activate: true });
  return layers.conv(b, `${name}.c`, { plus: x });
}

/** Names and kernel shapes of every convolution of `g_a`, in order. */
export function analysisShapes({
  latentChannels,
  analysis: { widths, blocks },
}: Architecture): ConvolutionShape[] {
  const shapes: ConvolutionShape[] = [];
  let index = 0;
  shapes.push({ name: `g_a.conv${index++}`, kernel: [3, 3, BLOCK_CHANNELS, widths[0]] });
  for (let level = 0; level < 3; level++) {
    const width = widths[level]!;
    if (level > 0) {
      const size = level === 1 ? 5 : 3;
      shapes.push({ name: `g_a.down${index++}`, kernel: [size, size, widths[level - 1]!, width] });
    }
    for (let i = 0; i < blocks[level]!; i++) shapes.push(...residualShapes(`g_a.res${index++}`, width));
  }
  shapes.push({ name: "g_a.out", kernel: [1, 1, widths[2], latentChannels] });
  return shapes;
}

/** Names and kernel shapes of every convolution of `g_s`, in order. */
export function synthesisShapes({
  latentChannels,
  synthesis: { widths, blocks },
}: Architecture): ConvolutionShape[] {
  const shapes: ConvolutionShape[] = [];
  let index = 0;
  shapes.push({ name: `g_s.conv${index++}`, kernel: [3, 3, latentChannels, widths[2]] });
  for (let level = 2; level >= 0; level--) {
    const width = widths[level]!;
    for (let i = 0; i < blocks[level]!; i++) shapes.push(...residualShapes(`g_s.res${index++}`, width));
    if (level > 0) {
      const size = level === 2 ? 1 : 3;
      const kernel = [size, size, width, widths[level - 1]! * 4] as const;
      shapes.push({ name: `g_s.up${index++}`, kernel, finer: true });
    }
  }
  shapes.push({ name: "g_s.out", kernel: [3, 3, widths[0], BLOCK_CHANNELS] });
  return shapes;
}

function residualShapes(name: string, width: number): ConvolutionShape[] {
  const half = width / 2;
  return [
    { name: `${name}.a`, kernel: [1, 1, width, half] },
    { name: `${name}.b`, kernel: [3, 3, half, half] },
    { name: `${name}.c`, kernel: [1, 1, half, width] },
  ];
}
