#!/usr/bin/env bash
# ChnSentiCorp: is a Chinese review favourable?
# BERT_BASE_DIR and DATA_DIR are as in scripts/finetune.sh; flags may follow.
set -euo pipefail

exec "$(dirname "${BASH_SOURCE[0]}")/finetune.sh" chnsenticorp \
  --max_seq_length=256 --train_batch_size=32 --learning_rate=2e-5 \
  --num_train_epochs=3 "$@"
