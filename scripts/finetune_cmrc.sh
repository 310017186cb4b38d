#!/usr/bin/env bash
# CMRC 2018: question answering on Chinese paragraphs; for DRCD set TRAIN_FILE
# and DEV_FILE. Variables are as in scripts/finetune_squad.sh; flags may follow.
set -euo pipefail

export TRAIN_FILE=${TRAIN_FILE:-cmrc2018_train.json}
export DEV_FILE=${DEV_FILE:-cmrc2018_dev.json}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export OUTPUT_DIR=${OUTPUT_DIR:-$root/output/cmrc}
exec "$root/scripts/finetune_squad.sh" \
  --context_tokens=character --mask_outside_context \
  --max_seq_length=512 --train_batch_size=32 "$@"
