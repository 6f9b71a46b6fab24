/** IEEE 754 half precision, by hand: Float16Array is younger than the browsers and Nodes that decode. */
export function fromHalf(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >>> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

/** Rounds to nearest, ties to even; values beyond ±65504 become infinite. */
export function toHalf(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, (value) => {
    const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
    const magnitude = Math.abs(value);
    if (Number.isNaN(value)) return 0x7e00;
    if (magnitude >= 65520) return sign | 0x7c00;
    // halves are multiples of 2^-24 below 2^-14, then of 2^(exponent − 10)
    const exponent = Math.max(-14, Math.floor(Math.log2(magnitude || 2 ** -24)));
    const units = roundHalfEven(magnitude * 2 ** (10 - exponent));
    // a carry out of the fraction runs into the exponent, as it should
    return sign | (((exponent + 14) << 10) + units);
  });
}

function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
