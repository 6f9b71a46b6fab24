/** The domain of a model by its name: further models of a domain, for pictures of other sizes, are called NAME-SIZE (`faces-64`). */
export function domainOf(name: string): string {
  return name.replace(/-\d+$/, "");
}
