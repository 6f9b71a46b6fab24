/** Takes the place of node-fetch in the bundled functions, which TensorFlow.js would use in a Node without `fetch`. */
export default globalThis.fetch;
