#!/usr/bin/env bash
# Baidu's exam questions: every one of 95 labels that a question has.
# BERT_BASE_DIR and DATA_DIR are as in scripts/finetune.sh; flags may follow.
set -euo pipefail

exec "$(dirname "${BASH_SOURCE[0]}")/finetune.sh" baidu_95 \
  --max_seq_length=128 --train_batch_size=32 --learning_rate=5e-5 \
  --num_train_epochs=3 "$@"
