import { Command } from "commander";
import { type TrainOptions, withTrainOptions } from "../train/options.ts";

/** `zippynet train`. */
export function trainCommand(): Command {
  const command = new Command("train")
    .description("Trains a model for a kind of image, and exports it.")
    .argument(
      "[folders...]",
      "folders of images, of at least 32 pixels a side (not with --resume or --recipe)",
    );
  return withTrainOptions(command).action(train);
}

async function train(folders: readonly string[], options: TrainOptions, command: Command): Promise<void> {
  const { trainAsAsked } = await import("../train/train.ts"); // help and completion do without TensorFlow
  return trainAsAsked(folders, options, command);
}
