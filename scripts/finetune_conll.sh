#!/usr/bin/env bash
# CoNLL-2003: named entities in English news; made for a cased BERT.
# BERT_BASE_DIR and DATA_DIR are as in scripts/finetune.sh; flags may follow.
set -euo pipefail

exec "$(dirname "${BASH_SOURCE[0]}")/finetune.sh" conll \
  --do_lower_case=false --max_seq_length=128 --train_batch_size=32 \
  --learning_rate=5e-5 --num_train_epochs=3 "$@"
