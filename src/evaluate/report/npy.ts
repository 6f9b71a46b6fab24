/** A one-dimensional array as NumPy's `save` writes it, format 1.0: a header padded to 64 bytes, and little-endian float32. */
export function npy(values: Float32Array): Uint8Array {
  const described = `{'descr': '<f4', 'fortran_order': False, 'shape': (${values.length},), }`;
  const before = 10; // magic, version, length of what follows
  const padded = Math.ceil((before + described.length + 1) / 64) * 64;
  const file = Buffer.alloc(padded + values.length * 4);
  file.write("\x93NUMPY\x01\x00", 0, "latin1");
  file.writeUInt16LE(padded - before, 8);
  file.write(`${described.padEnd(padded - before - 1)}\n`, before, "latin1");
  values.forEach((value, i) => {
    file.writeFloatLE(value, padded + i * 4);
  });
  return file;
}
