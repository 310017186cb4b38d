#!/usr/bin/env bash
# AFQMC (CLUE): do two questions to Ant Financial mean the same?
# BERT_BASE_DIR and DATA_DIR are as in scripts/finetune.sh; flags may follow.
set -euo pipefail

exec "$(dirname "${BASH_SOURCE[0]}")/finetune.sh" afqmc \
  --max_seq_length=128 --train_batch_size=32 --learning_rate=2e-5 \
  --num_train_epochs=3 "$@"
