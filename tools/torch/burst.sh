#!/usr/bin/env bash
# Minutes of training on a machine with a GPU and without a network.
#
# burst.sh pack RUN SIDE ARCHIVE      the run's checkpoint, its packs scaled to SIDE pixels, and this trainer, in 30 MB
# burst.sh train ARCHIVE MINUTES OUT  unpacks and trains; leaves checkpoint.safetensors and log.jsonl in OUT
#
# Python 3.10 or later with PyTorch 2.4 or later: $PYTHON, else python3. Further options:
# pack:  --most 20 (megabytes), --webp 92 (images with loss, so that more of them fit; by Pillow, here and there)
# train: --lr 2e-3, --batch 512 (images of 42×42 a step; by default 256 where there is a GPU), and those of
#        zippynet_torch.train
set -euo pipefail

python=${PYTHON:-python3}

pack() {
  local here
  here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  PYTHONPATH=$here "$python" -m zippynet_torch.burst pack "$@"
  ls -l "$3"
}

train() {
  local archive=$1 minutes=$2 out=$3 folder
  shift 3
  folder=$(mktemp -d)
  tar xf "$archive" -C "$folder"
  mkdir -p "$out"
  PYTHONPATH=$folder "$python" -m zippynet_torch.burst train "$folder" "$minutes" "$out" "$@"
  rm -r "$folder"
}

usage() {
  sed -n 2,10p "${BASH_SOURCE[0]}" >&2
  exit 2
}

command=${1:-}
[ $# -ge 4 ] || usage
shift
case $command in
  pack) pack "$@" ;;
  train) train "$@" ;;
  *) usage ;;
esac
