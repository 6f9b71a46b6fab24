"""
Codes pictures for another program: `python -m zippynet_torch.peer.serve FOLDER`, requests on stdin, answers on stdout.

Request and answer are one line of JSON each, bytes as base64: `{"encode": data, "width": 42, "height": 42, "index": 0}`
(pixels, 8 bits, RGB) → `{"file": data}`; `{"decode": data}` → `{"pixels": data}`; what fails → `{"error": text}`. The
first line, before any request, gives the λ and the multiplications that a picture of 64×64 takes.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys

import compressai
import torch

from .cost import multiplications
from .hyperprior import LAMBDAS, decode, encode, open_models


def answer(models: list, request: dict) -> dict:
    if "encode" in request:
        data = bytearray(base64.b64decode(request["encode"]))
        pixels = torch.frombuffer(data, dtype=torch.uint8).view(request["height"], request["width"], 3)
        return {"file": base64.b64encode(encode(models, request["index"], pixels)).decode()}
    pixels = decode(models, base64.b64decode(request["decode"]))
    return {"pixels": base64.b64encode(bytes(pixels.flatten().tolist())).decode()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="zippynet_torch.peer.serve", description=__doc__)
    parser.add_argument("folder", help="of trained weights, see train.py")
    torch.set_num_threads(1)
    models = open_models(parser.parse_args().folder)
    costs = multiplications(models[0], 64)
    hello = {"compressai": compressai.__version__, "lambdas": LAMBDAS, "multiplications": costs}
    print(json.dumps(hello), flush=True)
    for line in sys.stdin:
        try:
            reply = answer(models, json.loads(line))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other side gets the message
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
