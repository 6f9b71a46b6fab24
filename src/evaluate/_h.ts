import { coldStarts } from "./bench-cold.ts";
import { handlerRows } from "./bench-handlers.ts";

for (const r of [...(await handlerRows(7)), ...(await coldStarts(5))])
  console.log(r.name, r.ours.toFixed(1), r.avif.toFixed(1), r.ratio.toFixed(2));
