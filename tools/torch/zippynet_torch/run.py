"""A run, whatever it trains: what its folder and the command line say, and its loop with reports and checkpoints."""

from __future__ import annotations

import argparse
import json
import os
import signal
import time
from dataclasses import dataclass, field

import torch

from .checkpoint import read_checkpoint
from .data import Pack, read_pack
from .workers import Workers, device_of, has_bfloat16


def run_parser(prog: str, description: str | None) -> argparse.ArgumentParser:
    """The arguments of every trainer here: run, data, budget, device, and how often it reports and saves."""
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument("run", help="folder with checkpoint.safetensors; log.jsonl is appended to")
    once = "images of a folder of the plan; once each"
    parser.add_argument("--data", action="append", required=True, metavar="PACK", help=once)
    budget = parser.add_mutually_exclusive_group(required=True)
    budget.add_argument("--minutes", type=float, help="of training; those before this start count")
    budget.add_argument("--samples", type=int, help="images to train on, repeats counted")
    usual = "default: bfloat16 where the device has it"
    parser.add_argument("--precision", choices=("bfloat16", "float32"), help=usual)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--checkpoint-minutes", type=float, default=5)
    parser.add_argument("--evaluate-minutes", type=float, default=10)
    return parser


@dataclass
class Run:
    """What a run's folder and the command line say."""

    plan: dict
    progress: dict
    state: dict  # the optimiser's
    packs: list[Pack]
    device: torch.device
    bfloat16: bool

    @staticmethod
    def open(options: argparse.Namespace) -> "Run":
        torch.set_flush_denormal(True)  # moments of weights that hardly matter would slow the processor down
        device = device_of(options.device)
        plan, progress, state = read_checkpoint(os.path.join(options.run, "checkpoint.safetensors"))
        packs = [read_pack(pack, device) for pack in options.data]
        if len(packs) != len(plan["folders"]):
            raise SystemExit(f"expected --data for each of {', '.join(plan['folders'])}, got {len(packs)}")
        bfloat16 = options.precision == "bfloat16" if options.precision else has_bfloat16(device)
        return Run(plan, progress, state, packs, device, bfloat16)

    @property
    def sets(self) -> list[tuple[str, Pack]]:
        """The packs, each with the name of its folder."""
        return [(os.path.basename(folder), pack) for folder, pack in zip(self.plan["folders"], self.packs)]


@dataclass
class Since:
    """Sums over the steps since the last report."""

    samples: int = 0
    seconds: float = 0.0
    steps: int = 0  # that the parts are summed over
    parts: dict[str, float] = field(default_factory=dict)

    def add(self, samples: int, seconds: float, parts: dict[str, float] | None) -> None:
        self.samples += samples
        self.seconds += seconds
        if parts is not None:
            self.steps += 1
            for name, part in parts.items():
                self.parts[name] = self.parts.get(name, 0.0) + part

    def means(self) -> dict[str, float]:
        return {name: total / self.steps for name, total in self.parts.items()}

    def images_per_second(self) -> float | None:
        return self.samples / self.seconds if self.seconds else None


class Loop:
    """Steps until the budget is used or a signal comes, with reports, evaluations and checkpoints on the way.

    What is trained says how, in `step`, `line`, `held_out` and `save`.
    """

    def __init__(
        self,
        options: argparse.Namespace,
        samples: int,
        seconds: float,
        report_seconds: float,
        device: torch.device,
        workers: Workers = Workers(),
    ) -> None:
        self.options, self.report_seconds, self.device, self.workers = options, report_seconds, device, workers
        self.samples, self.seconds = samples, seconds  # of all processes, and of training so far
        self.since = Since()

    def step(self) -> tuple[int, dict[str, float] | None]:
        """One step; its samples, and the numbers whose means are reported, or none if it was skipped."""
        raise NotImplementedError

    def line(self) -> dict:
        """A line of the log."""
        raise NotImplementedError

    def held_out(self) -> list[dict]:
        """What the held-out images come to."""
        raise NotImplementedError

    def save(self) -> None:
        """Writes what a resumed run goes on from; the first process alone calls it."""
        raise NotImplementedError

    def used(self) -> float:
        """Share of the budget; above 1 where the last step went beyond it."""
        if self.options.minutes is None:
            return self.samples / self.options.samples if self.options.samples > 0 else 1.0
        return self.seconds / (60 * self.options.minutes)

    def go(self) -> None:
        options = self.options
        stop = stopped_by_signals()
        stopped = 0.0  # share of the processes that a signal came to
        evaluate_at = self.seconds + options.evaluate_minutes * 60
        save_at = self.seconds + options.checkpoint_minutes * 60
        while self.used() < 1 and stopped == 0:
            began = time.perf_counter()
            count, parts = self.step()
            took = time.perf_counter() - began
            # one clock for all: where learning rates differ, weights drift apart
            took, mean_count, stopped = self.workers.means([took, count, bool(stop)], self.device)
            count = round(mean_count * self.workers.count)
            self.samples += count
            self.seconds += took
            self.since.add(count, took, parts)
            if self.seconds >= evaluate_at:
                evaluate_at = self.seconds + options.evaluate_minutes * 60
                self.report(self.held_out())
            elif self.since.seconds >= self.report_seconds:
                self.report()
            if self.seconds >= save_at:
                save_at = self.seconds + options.checkpoint_minutes * 60
                self.save_once()

    def end(self) -> None:
        """Saves where the loop came to, and evaluates that if it is the budget's end."""
        self.save_once()
        self.report(self.held_out() if self.used() >= 1 else None)

    def report(self, held_out: list[dict] | None = None) -> None:
        """Writes a line of the log, prints it, and begins new sums."""
        line = self.line() if held_out is None else {**self.line(), "heldOut": held_out}
        self.since = Since()
        if self.workers.rank == 0:
            with open(os.path.join(self.options.run, "log.jsonl"), "a") as log:
                log.write(json.dumps(line) + "\n")
            print(json.dumps(line), flush=True)

    def save_once(self) -> None:
        if self.workers.rank == 0:
            self.save()


def stopped_by_signals() -> list[bool]:
    """A list that is no longer empty once the run is to end."""
    stop: list[bool] = []
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.append(True))
    return stop
