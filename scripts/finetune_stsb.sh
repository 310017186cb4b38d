#!/usr/bin/env bash
# STS-B (GLUE): how alike are two English sentences, from 0 to 5?
# BERT_BASE_DIR and DATA_DIR are as in scripts/finetune.sh; flags may follow.
set -euo pipefail

exec "$(dirname "${BASH_SOURCE[0]}")/finetune.sh" sts-b \
  --max_seq_length=128 --train_batch_size=32 --learning_rate=2e-5 \
  --num_train_epochs=3 "$@"
