#!/usr/bin/env bash
# STS-B (GLUE) by vectors: each sentence is encoded alone, and their cosine says
# how alike they are, so that vectors can be kept and compared with many others.
# BERT_BASE_DIR and DATA_DIR are as in scripts/finetune.sh; flags may follow.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export OUTPUT_DIR=${OUTPUT_DIR:-$root/output/stsb_siamese}
exec "$root/scripts/finetune.sh" sts-b \
  --pair_encoding=siamese --max_seq_length=128 --train_batch_size=16 \
  --learning_rate=2e-5 --num_train_epochs=4 "$@"
