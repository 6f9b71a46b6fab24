import { createRoot } from "react-dom/client";
import { decode } from "zippynet/browser";
import "zippynet/element";
import { useEffect, useState } from "react";
import { picture } from "./picture.js";

/** A picture as an element, and the same decoded by hand. */
function App() {
  const [size, setSize] = useState("");
  useEffect(() => {
    decode(picture).then(
      ({ width, height }) => setSize(`${width}×${height}`),
      (error) => setSize(error.message),
    );
  }, []);
  return (
    <main>
      <zippy-img src={picture} alt="Anna Müller" width="64" height="64" />
      <p id="size">{size}</p>
    </main>
  );
}

createRoot(document.getElementById("root")).render(<App />);
