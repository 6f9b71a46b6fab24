import { ZippyNetError } from "../../codec/errors.ts";
import type { Architecture } from "../../codec/network/architecture.ts";
import { analysisShapes, synthesisShapes } from "../../codec/network/transforms.ts";
import type { SafeTensor, SafeTensors } from "../../model/safetensors.ts";
import { initialise, unpackParameters } from "./parameters.ts";

/** Of a transform (`g_a` or `g_s`), the residual blocks of each resolution and what lies between, in order. */
interface Wiring {
  readonly blocks: readonly (readonly string[])[];
  readonly resamplings: readonly string[];
}

/**
 * Weights of a network as those of one with more residual blocks at some resolutions, which computes the same at first:
 * a new block's last kernel is zero (Chen et al., "Net2Net", ICLR 2016), its others are random. Throws `bad-model` if
 * there were more blocks than there are to be; other shapes are left to `packParameters` to refuse.
 * @param tensors floats by the names of `transforms.ts` and `prior.ts`
 */
export function grow(architecture: Architecture, tensors: SafeTensors, seed: number): SafeTensors {
  const sources = new Map([
    ...sourcesOf("g_a", unitsOf(tensors.keys(), "g_a"), namesOf(analysisShapes(architecture))),
    ...sourcesOf("g_s", unitsOf(tensors.keys(), "g_s"), namesOf(synthesisShapes(architecture))),
  ]);
  const grown = new Map<string, SafeTensor>();
  for (const [name, { shape, data }] of unpackParameters(architecture, initialise(architecture, seed))) {
    const [part, unit, ...rest] = name.split(".");
    const place = `${part}.${unit}`;
    const source = sources.get(place);
    const tensor = tensors.get(source ? [source, ...rest].join(".") : name);
    if (source || !sources.has(place)) {
      if (tensor) grown.set(name, tensor);
    } else {
      const last = rest.join(".") === "c.kernel";
      grown.set(name, { dtype: "F32", shape, data: last ? new Float32Array(data.length) : data });
    }
  }
  return grown;
}

/** For each unit of a transform to be, the one whose weights it takes; undefined where it is new. */
function sourcesOf(
  part: string,
  from: readonly string[],
  to: readonly string[],
): [string, string | undefined][] {
  const [was, is] = [wiringOf(from), wiringOf(to)];
  const pairs: [string, string | undefined][] = is.resamplings.map((name, i) => [name, was.resamplings[i]]);
  is.blocks.forEach((names, resolution) => {
    const before = was.blocks[resolution] ?? [];
    if (before.length > names.length) {
      throw new ZippyNetError(
        "bad-model",
        `${part}: expected weights of at most ${names.length} residual blocks at resolution ${resolution + 1} from its input, got ${before.length}`,
      );
    }
    names.forEach((name, i) => {
      pairs.push([name, before[i]]);
    });
  });
  return pairs;
}

function wiringOf(units: readonly string[]): Wiring {
  const blocks: string[][] = [[]];
  const resamplings: string[] = [];
  for (const unit of units) {
    if (/\.res\d+$/.test(unit)) blocks.at(-1)!.push(unit);
    else {
      resamplings.push(unit);
      if (/\.(down|up)\d+$/.test(unit)) blocks.push([]);
    }
  }
  return { blocks, resamplings };
}

/** Units of some convolutions, each once: `g_a.res1` of `g_a.res1.a`. */
function namesOf(shapes: readonly { readonly name: string }[]): string[] {
  return [...new Set(shapes.map(({ name }) => name.split(".").slice(0, 2).join(".")))];
}

/** Units of a transform among the names of tensors, in the order of their numbers; `out`, which has none, is last. */
function unitsOf(names: Iterable<string>, part: string): string[] {
  const own = [...names].filter((name) => name.startsWith(`${part}.`)).map((name) => ({ name }));
  const order = (unit: string) => Number(/\d+$/.exec(unit)?.[0] ?? Number.POSITIVE_INFINITY);
  return namesOf(own).sort((a, b) => (order(a) < order(b) ? -1 : 1));
}
