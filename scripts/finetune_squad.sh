#!/usr/bin/env bash
# SQuAD 1.1: question answering on English paragraphs. DATA_DIR holds
# train-v1.1.json and dev-v1.1.json; BERT_BASE_DIR, OUTPUT_DIR, VENV and PYTHON
# are as in scripts/finetune.sh; flags may follow.
#   TRAIN_FILE, DEV_FILE  other files in DATA_DIR, in SQuAD's or CMRC's format
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${BERT_BASE_DIR:?set it to the folder of a released BERT}"
: "${DATA_DIR:?set it to the folder with the JSON files}"
dev=$DATA_DIR/${DEV_FILE:-dev-v1.1.json}

"$root/scripts/setup.sh"
exec "${VENV:-$root/.venv}/bin/python" "$root/run_squad.py" \
  --train_file="$DATA_DIR/${TRAIN_FILE:-train-v1.1.json}" \
  --eval_file="$dev" --predict_file="$dev" \
  --vocab_file="$BERT_BASE_DIR/vocab.txt" \
  --bert_config_file="$BERT_BASE_DIR/bert_config.json" \
  --init_checkpoint="$BERT_BASE_DIR/bert_model.ckpt" \
  --output_dir="${OUTPUT_DIR:-$root/output/squad}" \
  --do_train --do_eval --do_predict \
  --max_seq_length=384 --doc_stride=128 --train_batch_size=12 \
  --learning_rate=3e-5 --num_train_epochs=2 \
  "$@"
