/** What a package `@zippynet/model-NAME` exports: its manifest, and where its weights are. */
export interface ModelPackage {
  /** manifest.json. */
  readonly manifest: {
    /** In every file that the model writes, 0–255. */
    readonly number: number;
    readonly name: string;
    readonly description: string;
    /** As SPDX names it, or in words. */
    readonly licence?: string;
  };
  /** URLs of the weights, by name; functions, as some bundlers cannot say before the page runs. */
  readonly files: Readonly<Record<string, () => { readonly href: string } | string>>;
  /** The weights as base64, by name: for bundlers that leave the files behind. */
  readonly inline?: () => Promise<Readonly<Record<string, string>>>;
}
