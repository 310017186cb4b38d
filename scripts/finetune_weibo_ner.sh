#!/usr/bin/env bash
# Weibo NER: named entities in Chinese posts.
# BERT_BASE_DIR and DATA_DIR are as in scripts/finetune.sh; flags may follow.
set -euo pipefail

exec "$(dirname "${BASH_SOURCE[0]}")/finetune.sh" weibo_ner \
  --max_seq_length=128 --train_batch_size=16 --learning_rate=5e-5 \
  --num_train_epochs=10 "$@"
