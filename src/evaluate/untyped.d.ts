/** What is used of a package without types. */
declare module "@cornerstonejs/codec-openjpeg/wasmjs" {
  interface Frame {
    readonly width: number;
    readonly height: number;
    readonly bitsPerSample: number;
    readonly componentCount: number;
    readonly isSigned: boolean;
    readonly isUsingColorTransform: boolean;
  }

  /** Buffers are views of WebAssembly's memory. `delete` frees an object, which the collector cannot. */
  interface J2KEncoder {
    getDecodedBuffer(frame: Frame): Uint8Array;
    setQuality(lossless: boolean, layers: number): void;
    setDecompositions(count: number): void;
    setCompressionRatio(layer: number, ratio: number): void;
    encode(): void;
    getEncodedBuffer(): Uint8Array;
    delete(): void;
  }

  interface J2KDecoder {
    getEncodedBuffer(length: number): Uint8Array;
    decode(): void;
    getDecodedBuffer(): Uint8Array;
    delete(): void;
  }

  interface OpenJpeg {
    readonly J2KEncoder: new () => J2KEncoder;
    readonly J2KDecoder: new () => J2KDecoder;
  }

  interface Output {
    readonly print: (line: string) => void;
    readonly printErr: (line: string) => void;
  }

  export default function openJpeg(output: Output): Promise<OpenJpeg>;
}

/** Node has it, but its types only name the instance. */
declare namespace WebAssembly {
  const Module: new (bytes: Uint8Array) => Module;
}
