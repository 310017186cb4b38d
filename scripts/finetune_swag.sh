#!/usr/bin/env bash
# SWAG: which of four endings goes on from an English sentence?
# BERT_BASE_DIR and DATA_DIR are as in scripts/finetune.sh; flags may follow.
set -euo pipefail

exec "$(dirname "${BASH_SOURCE[0]}")/finetune.sh" swag \
  --max_seq_length=80 --train_batch_size=16 --learning_rate=2e-5 \
  --num_train_epochs=3 "$@"
