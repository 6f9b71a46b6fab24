import { picture } from "./picture.js";
import { Picture } from "./picture-element.js";

/** Rendered on the server; the element comes alive in the browser. */
export default function Page() {
  return (
    <main>
      <Picture src={picture} alt="Anna Müller" />
    </main>
  );
}
