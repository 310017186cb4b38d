#!/usr/bin/env bash
# Comments on restaurants: is one fit to be a recommendation?
# BERT_BASE_DIR and DATA_DIR are as in scripts/finetune.sh; flags may follow.
set -euo pipefail

exec "$(dirname "${BASH_SOURCE[0]}")/finetune.sh" boyu \
  --max_seq_length=64 --train_batch_size=32 --learning_rate=2e-5 \
  --num_train_epochs=3 "$@"
