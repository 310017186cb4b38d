#!/usr/bin/env bash
# Comments on restaurants: is one fit to be a recommendation? Trains five folds in
# two stages: first all weights with cross entropy, then, from the best checkpoint
# of each fold, the head alone with an F1 loss.
# BERT_BASE_DIR, DATA_DIR, OUTPUT_DIR, VENV and PYTHON are as in
# scripts/finetune.sh; flags that follow are for both stages.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${BERT_BASE_DIR:?set it to the folder of a released BERT}"
: "${DATA_DIR:?set it to the folder with train.csv and test.csv}"
output=${OUTPUT_DIR:-$root/output/boyu}

stage() {  # name, flags...
  "${VENV:-$root/.venv}/bin/python" "$root/run_cross_validation.py" \
    --flagfile="$root/recipes/boyu.flags" \
    --data_dir="$DATA_DIR" \
    --vocab_file="$BERT_BASE_DIR/vocab.txt" \
    --bert_config_file="$BERT_BASE_DIR/bert_config.json" \
    --output_dir="$output/$1" \
    --do_predict --num_folds=5 --eval_every=epoch \
    "${@:2}"
}

"$root/scripts/setup.sh"
stage stage_1 --init_checkpoint="$BERT_BASE_DIR/bert_model.ckpt" "$@"
stage stage_2 --init_folds="$output/stage_1" --trainable=head --loss=f1 \
  --learning_rate=1e-7 "$@"
