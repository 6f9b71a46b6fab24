/**
 * TensorFlow.js's core for the decoder: without the gradients, optimisers and chained operations that its own entry point
 * registers and no bundler can drop.
 */
import "@tensorflow/tfjs-core/dist/engine.js";
import "@tensorflow/tfjs-core/dist/flags.js";
import "@tensorflow/tfjs-core/dist/platforms/platform_browser.js";

export * from "@tensorflow/tfjs-core/dist/base.js";
