import type { ModelPackage } from "../../model/package.ts";
import type { Answer, Request } from "./protocol.ts";

/** Where a worker is, and the weights that it needs. One for decoding and one for encoding: who only decodes ships neither `g_a` nor the search. */
export interface RolePlace {
  readonly role: "decoder" | "encoder";
  /** Its worker, which has to come from the page's own origin. @param base folder that `configure` names, if it does */
  start(base: URL | undefined): Worker;
  /** The models that a page has without being told. */
  models(base: URL | undefined): Promise<readonly ModelPackage[]>;
  /** Does the worker's work in the page itself, for where no worker starts. */
  readonly here?: () => Promise<Serve>;
}

/** Takes requests, and answers them by what it is given. */
export type Serve = (
  answer: (message: Answer, ...transfer: Transferable[]) => void,
) => (request: Request) => void;
