#!/usr/bin/env bash
# XNLI in Chinese: does the second text follow from the first?
# BERT_BASE_DIR and DATA_DIR are as in scripts/finetune.sh; flags may follow.
set -euo pipefail

exec "$(dirname "${BASH_SOURCE[0]}")/finetune.sh" xnli \
  --max_seq_length=128 --train_batch_size=32 --learning_rate=5e-5 \
  --num_train_epochs=2 "$@"
