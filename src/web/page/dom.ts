/** The element with an id. Throws if the page has none of this kind. */
export function at<K extends keyof HTMLElementTagNameMap>(id: string, tag: K): HTMLElementTagNameMap[K] {
  const found = document.getElementById(id);
  if (found?.localName !== tag)
    throw new Error(
      `expected <${tag} id="${id}"> in the page, got ${found ? `<${found.localName}>` : "none"}`,
    );
  return found as HTMLElementTagNameMap[K];
}

/** A new element with text and attributes. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  text = "",
  attributes: Readonly<Record<string, string>> = {},
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Makes a button save a file. Without a file the button is disabled. */
export function offer(button: HTMLButtonElement, name: string, content: Blob | undefined): void {
  button.disabled = !content;
  button.onclick = () => {
    if (!content) return;
    const href = URL.createObjectURL(content);
    make("a", "", { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000); // by then the browser has begun to read it
  };
}

/** The value of the checked radio button of a group. */
export function chosen(name: string): string {
  return document.querySelector<HTMLInputElement>(`input[name="${name}"]:checked`)?.value ?? "";
}
