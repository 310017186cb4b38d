#!/usr/bin/env bash
# GoEmotions: every one of 28 emotions that an English comment has.
# BERT_BASE_DIR and DATA_DIR are as in scripts/finetune.sh; flags may follow.
set -euo pipefail

exec "$(dirname "${BASH_SOURCE[0]}")/finetune.sh" go_emotions \
  --max_seq_length=64 --train_batch_size=32 --learning_rate=5e-5 \
  --num_train_epochs=4 "$@"
