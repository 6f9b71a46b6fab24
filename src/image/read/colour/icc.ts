import { colourOf } from "./cicp.ts";
import type { Colour } from "./colour.ts";
import {
  type Curve,
  DIAGONAL,
  linear,
  type Matrix,
  multiply,
  transpose,
  type Vector,
  XYZ_D50_TO_SRGB,
} from "./colour.ts";

/**
 * An ICC profile, as far as it is used here (ICC.1:2022; clauses in brackets).
 * - `curves`: three curves and a matrix, or one curve for grey. Converted here, at the depth of the samples.
 * - `tables`: any other profile that leads to Lab or XYZ (printers, scanners). Converted by LittleCMS in sharp.
 */
export type Profile =
  | { readonly kind: "curves"; readonly colour: Colour }
  | { readonly kind: "tables"; readonly name: string };

/**
 * `undefined` if the profile is damaged, or made for another number of `channels`: 1 is grey, 3 RGB, 4 CMYK. A curve of
 * an RGB profile also counts for grey, as in browsers: programs keep the profile of a picture that they make grey.
 */
export function parseProfile(bytes: Uint8Array, channels: number): Profile | undefined {
  try {
    const profile = new Tags(bytes);
    const space = { GRAY: 1, "RGB ": 3, CMYK: 4, "Lab ": 3 }[profile.text(16, 4)];
    const madeGrey = channels === 1 && profile.text(16, 4) === "RGB ";
    if ((space !== channels && !madeGrey) || !["scnr", "mntr", "prtr", "spac"].includes(profile.text(12, 4)))
      return undefined;
    const name = profile.name();
    if (madeGrey) return { kind: "curves", colour: greyOf(name, profile.curve("gTRC")) };
    if (profile.has("A2B0") || profile.has("A2B1")) return { kind: "tables", name };
    if (profile.text(16, 4) === "Lab ") return undefined;
    const coded = profile.has("cicp") ? profile.cicp() : undefined;
    if (coded) return { kind: "curves", colour: { ...coded, name } };
    if (channels === 1) {
      // a grey curve that leads to Lab gives lightness
      if (profile.text(20, 4) !== "XYZ ") return { kind: "tables", name };
      return { kind: "curves", colour: greyOf(name, profile.curve("kTRC")) };
    }
    if (channels !== 3 || profile.text(20, 4) !== "XYZ ") return undefined;
    const columns: Matrix = [profile.xyz("rXYZ"), profile.xyz("gXYZ"), profile.xyz("bXYZ")];
    return {
      kind: "curves",
      colour: {
        name,
        curves: [profile.curve("rTRC"), profile.curve("gTRC"), profile.curve("bTRC")],
        matrix: multiply(XYZ_D50_TO_SRGB, transpose(columns)),
      },
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function greyOf(name: string, curve: Curve): Colour {
  return { name, curves: [curve, curve, curve], matrix: DIAGONAL };
}

/** Reads the tags of a profile. Throws RangeError if the bytes are not as expected. */
class Tags {
  private readonly view: DataView;
  private readonly offsets = new Map<string, number>();

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.text(36, 4) !== "acsp") throw new RangeError("expected the signature of a profile");
    const count = this.view.getUint32(128);
    if (count > 256) throw new RangeError(`expected at most 256 tags, got ${count}`);
    for (let i = 0; i < count; i++) {
      const at = 132 + 12 * i;
      this.offsets.set(this.text(at, 4), this.view.getUint32(at + 4));
    }
  }

  has(tag: string): boolean {
    return this.offsets.has(tag);
  }

  text(at: number, length: number): string {
    return Array.from({ length }, (_, i) => String.fromCharCode(this.view.getUint8(at + i))).join("");
  }

  /** The offset of a tag of one of these types (10). */
  private at(tag: string, ...types: string[]): number {
    const at = this.offsets.get(tag);
    if (at === undefined || !types.includes(this.text(at, 4)))
      throw new RangeError(`expected a tag ${tag} of type ${types.join(" or ")}`);
    return at;
  }

  private fixed(at: number): number {
    return this.view.getInt32(at) / 65536;
  }

  xyz(tag: string): Vector {
    const at = this.at(tag, "XYZ ");
    return [this.fixed(at + 8), this.fixed(at + 12), this.fixed(at + 16)];
  }

  /** Code points (9.2.17), which are exact where the tables of a profile are only an approximation. */
  cicp(): Colour | undefined {
    const at = this.at("cicp", "cicp") + 8;
    const [primaries, transfer, matrix, range] = [0, 1, 2, 3].map((i) => this.view.getUint8(at + i));
    if (matrix !== 0 || range !== 1) return undefined;
    return colourOf({ primaries: primaries!, transfer: transfer!, matrix, fullRange: true });
  }

  curve(tag: string): Curve {
    const at = this.at(tag, "curv", "para");
    return this.text(at, 4) === "curv" ? this.sampledCurve(at) : this.parametricCurve(at);
  }

  /** 10.6 */
  private sampledCurve(at: number): Curve {
    const count = this.view.getUint32(at + 8);
    if (count === 0) return linear;
    if (count === 1) {
      const exponent = this.view.getUint16(at + 12) / 256;
      return (v) => v ** exponent;
    }
    if (count > 65536) throw new RangeError(`expected a curve of at most 65536 points, got ${count}`);
    const points = Float64Array.from(
      { length: count },
      (_, i) => this.view.getUint16(at + 12 + 2 * i) / 65535,
    );
    return (v) => {
      const place = Math.min(1, Math.max(0, v)) * (count - 1);
      const before = Math.min(count - 2, Math.floor(place));
      return points[before]! + (points[before + 1]! - points[before]!) * (place - before);
    };
  }

  /** 10.18 */
  private parametricCurve(at: number): Curve {
    const type = this.view.getUint16(at + 8);
    const count = [1, 3, 4, 5, 7][type];
    if (count === undefined) throw new RangeError(`expected a curve of type 0–4, got ${type}`);
    const [g, a, b, c, d, e, f] = Array.from({ length: 7 }, (_, i) =>
      i < count ? this.fixed(at + 12 + 4 * i) : 0,
    ) as [number, number, number, number, number, number, number];
    const power = (base: number): number => Math.max(0, base) ** g;
    switch (type) {
      case 0:
        return power;
      case 1:
        return (v) => (v >= -b / a ? power(a * v + b) : 0);
      case 2:
        return (v) => (v >= -b / a ? power(a * v + b) : 0) + c;
      case 3:
        return (v) => (v >= d ? power(a * v + b) : c * v);
      default:
        return (v) => (v >= d ? power(a * v + b) + e : c * v + f);
    }
  }

  /**
   * `desc`, in its old form (ICC.1:2001, 6.5.17) or its new one (10.15): shortened, and in printable ASCII, because it
   * goes into headers.
   */
  name(): string {
    let text = "";
    try {
      const at = this.at("desc", "desc", "mluc");
      if (this.text(at, 4) === "desc") {
        text = this.text(at + 12, Math.min(64, this.view.getUint32(at + 8)));
      } else {
        const [length, from] = [this.view.getUint32(at + 20), at + this.view.getUint32(at + 24)];
        const letters = Math.min(64, Math.floor(length / 2));
        text = String.fromCharCode(
          ...Array.from({ length: letters }, (_, i) => this.view.getUint16(from + 2 * i)),
        );
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    const plain = text
      .replace(/[^\x20-\x7e]/g, "")
      .replace(/ +/g, " ")
      .trim();
    return plain || "a profile without a name";
  }
}
