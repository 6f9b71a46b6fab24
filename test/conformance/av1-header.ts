/** The sequence header of an AV1 still picture, taken apart and written anew, for files that no encoder writes. */

/**
 * Fields of the reduced header in order, by the names of the AV1 specification (§5.5); the sizes are of as many bits as
 * it says.
 */
export type Fields = Map<string, { readonly bits: number; readonly value: number }>;

/** A picture's sequence header and the content of its frame OBU. */
export function openAv1(picture: Uint8Array): { readonly fields: Fields; readonly frame: Uint8Array } {
  const size = picture[1]!; // of the sequence header: under 128
  const fields = parse(picture.subarray(2, 2 + size));
  let at = 2 + size + 1;
  while (picture[at]! >= 128) at++;
  return { fields, frame: picture.subarray(at + 1) };
}

function parse(header: Uint8Array): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const take = (name: string, bits: number): number => {
    let value = 0;
    for (let i = 0; i < bits; i++, at++) value = value * 2 + ((header[at >> 3]! >> (7 - (at & 7))) & 1);
    fields.set(name, { bits, value });
    return value;
  };
  const profile = take("seq_profile", 3);
  take("still_picture", 1);
  take("reduced_still_picture_header", 1);
  take("seq_level_idx", 5);
  const sides = [take("frame_width_bits_minus_1", 4), take("frame_height_bits_minus_1", 4)];
  take("max_frame_width_minus_1", sides[0]! + 1);
  take("max_frame_height_minus_1", sides[1]! + 1);
  take("tools", 6);
  take("high_bitdepth", 1);
  const mono = profile === 0 ? take("mono_chrome", 1) : 0;
  if (take("color_description_present_flag", 1)) {
    take("color_primaries", 8);
    take("transfer_characteristics", 8);
    take("matrix_coefficients", 8);
  }
  take("color_range", 1);
  if (!mono) {
    if (profile === 0) take("chroma_sample_position", 2);
    take("separate_uv_delta_q", 1);
  }
  take("film_grain_params_present", 1);
  return fields;
}

/** The fields with other values; those set to undefined are left out. */
export function edited(fields: Fields, changes: Readonly<Record<string, number | undefined>>): Fields {
  const result: Fields = new Map();
  for (const [name, field] of fields) {
    const value = name in changes ? changes[name] : field.value;
    if (value !== undefined) result.set(name, { bits: field.bits, value });
  }
  return result;
}

/** The fields with a colour description, where there is none: 1/13/6. */
export function described(fields: Fields): Fields {
  const result: Fields = new Map();
  for (const [name, field] of fields) {
    if (name !== "color_description_present_flag") result.set(name, field);
    else {
      result.set(name, { bits: 1, value: 1 });
      for (const [part, value] of [
        ["color_primaries", 1],
        ["transfer_characteristics", 13],
        ["matrix_coefficients", 6],
      ] as const) {
        result.set(part, { bits: 8, value });
      }
    }
  }
  return result;
}

/** An OBU; its size in at least so many bytes of LEB128. */
export function obu(type: number, content: Uint8Array, sizeBytes = 1): number[] {
  const size: number[] = [];
  for (let left = content.length; left > 0 || size.length < sizeBytes; left >>>= 7)
    size.push((left & 127) | 128);
  size[size.length - 1]! &= 127;
  return [(type << 3) | 2, ...size, ...content];
}

/** The content of a sequence header OBU. */
export function headerOf(fields: Fields): Uint8Array {
  let text = "";
  for (const { bits, value } of fields.values()) text += value.toString(2).padStart(bits, "0");
  text += "1"; // trailing bit
  text = text.padEnd(Math.ceil(text.length / 8) * 8, "0");
  return Uint8Array.from({ length: text.length / 8 }, (_, i) =>
    Number.parseInt(text.slice(8 * i, 8 * i + 8), 2),
  );
}

/** A picture of a header and a frame. */
export function av1Of(fields: Fields, frame: Uint8Array): Uint8Array {
  return Uint8Array.from([...obu(1, headerOf(fields)), ...obu(6, frame)]);
}
