#!/usr/bin/env bash
# Fine-tunes, evaluates and predicts a task with a released BERT:
#   BERT_BASE_DIR=chinese_L-12_H-768_A-12 DATA_DIR=data/xnli \
#     scripts/finetune.sh xnli --num_train_epochs=2
# The finetune_TASK.sh beside it call it with the usual settings of their task.
#   BERT_BASE_DIR  folder with bert_config.json, vocab.txt, bert_model.ckpt.*
#   DATA_DIR       folder with the task's files
#   OUTPUT_DIR     where checkpoints and results go; default: output/TASK
#   VENV, PYTHON   as in scripts/setup.sh
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
task=${1:?the name of a task is needed, such as mrpc}
: "${BERT_BASE_DIR:?set it to the folder of a released BERT}"
: "${DATA_DIR:?set it to the folder with the files of $task}"

"$root/scripts/setup.sh"
exec "${VENV:-$root/.venv}/bin/python" "$root/run_classifier.py" \
  --task_name="$task" \
  --data_dir="$DATA_DIR" \
  --vocab_file="$BERT_BASE_DIR/vocab.txt" \
  --bert_config_file="$BERT_BASE_DIR/bert_config.json" \
  --init_checkpoint="$BERT_BASE_DIR/bert_model.ckpt" \
  --output_dir="${OUTPUT_DIR:-$root/output/$task}" \
  --do_train --do_eval --do_predict \
  "${@:2}"
