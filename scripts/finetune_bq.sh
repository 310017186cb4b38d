#!/usr/bin/env bash
# BQ: do two questions to a bank mean the same?
# BERT_BASE_DIR and DATA_DIR are as in scripts/finetune.sh; flags may follow.
set -euo pipefail

exec "$(dirname "${BASH_SOURCE[0]}")/finetune.sh" bq \
  --max_seq_length=128 --train_batch_size=32 --learning_rate=2e-5 \
  --num_train_epochs=3 "$@"
