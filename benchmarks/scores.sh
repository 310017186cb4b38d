#!/usr/bin/env bash
# Measures the scores of docs/results.md: trains the named models with three seeds.
#   DATA_DIR=data ENGLISH_BERT=minilm CHINESE_BERT=small_zh \
#     benchmarks/scores.sh stsb cola
#   DATA_DIR      folder with a folder of files for each task, named like it
#   ENGLISH_BERT  folder of a BERT for the English tasks
#   CHINESE_BERT  folder of a BERT for the Chinese ones
#   OUTPUT_DIR    folder of models, with their scores in NAME/trials.txt;
#                 default: output/scores
#   VENV          as in scripts/setup.sh, which must be run before
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${DATA_DIR:?set it to the folder with a folder of files for each task}"
output=${OUTPUT_DIR:-$root/output/scores}
python=${VENV:-$root/.venv}/bin/python

run() {  # command, folder of a BERT, task, flags...
  "$python" "$root/$1" --task_name="$3" --data_dir="$DATA_DIR/$3" \
    --vocab_file="$2/vocab.txt" --bert_config_file="$2/bert_config.json" \
    --random_seed=1 "${@:4}"
}

trials() {  # folder of a BERT, name, task, flags...
  run run_classifier.py "$1" "$3" --output_dir="$output/$2" \
    --init_checkpoint="$1/bert_model.ckpt" --num_seeds=3 --do_train --do_eval \
    --train_batch_size=32 --bucket_by_length "${@:4}"
}

english() {  # name, task, flags...
  trials "${ENGLISH_BERT:?set it to the folder of a BERT for English}" \
    "$1" "$2" --learning_rate=5e-5 --num_train_epochs=3 --precision=bfloat16 \
    --cpu_replicas=2 "${@:3}"
}

chinese() {  # name, task, flags...
  trials "${CHINESE_BERT:?set it to the folder of a BERT for Chinese}" \
    "$1" "$2" --learning_rate=3e-4 --max_seq_length=64 "${@:3}"
}

folds() {  # name, flags...
  run run_cross_validation.py "$CHINESE_BERT" boyu --output_dir="$output/$1" \
    --do_predict --num_folds=5 --eval_every=epoch --max_seq_length=64 \
    --train_batch_size=16 --num_train_epochs=3 "${@:2}"
}

measure() {
  local tnews=(tnews --num_train_epochs=20) exam=(baidu_95 --num_train_epochs=5)
  local names=(weibo_ner --num_train_epochs=20 --max_seq_length=128)
  case $1 in
    stsb) english "$1" stsb ;;
    stsb_siamese) english "$1" stsb --pair_encoding=siamese \
      --train_batch_size=16 --learning_rate=2e-5 --num_train_epochs=1 \
      --precision=float32 --cpu_replicas=0 --bucket_by_length=false ;;
    cola) english "$1" cola --eval_every=epoch ;;
    mrpc) english "$1" mrpc --eval_every=epoch ;;
    mrpc_corrected) english "$1" mrpc --eval_every=epoch \
      --adam_bias_correction ;;
    tnews) chinese "$1" "${tnews[@]}" ;;
    afqmc) chinese "$1" afqmc ;;
    tnews_random) chinese "$1" "${tnews[@]}" --init_checkpoint= ;;
    afqmc_random) chinese "$1" afqmc --init_checkpoint= ;;
    weibo_ner) chinese "$1" "${names[@]}" ;;
    weibo_ner_crf) chinese "$1" "${names[@]}" --crf ;;
    baidu_95) chinese "$1" "${exam[@]}" ;;
    boyu)
      : "${CHINESE_BERT:?set it to the folder of a BERT for Chinese}"
      folds boyu_1 --init_checkpoint="$CHINESE_BERT/bert_model.ckpt" \
        --learning_rate=3e-4
      folds boyu_2 --init_folds="$output/boyu_1" --trainable=head --loss=f1 \
        --learning_rate=1e-5 ;;
    # The task whose files are smallest, for what is read of the encoder.
    tnews_mean | tnews_max | tnews_attention | tnews_mean_max_attention)
      chinese "$1" "${tnews[@]}" --pooling="${1#tnews_}" ;;
    tnews_cnn | tnews_bilstm)
      chinese "$1" "${tnews[@]}" --encoder_top="${1#tnews_}" --pooling=max ;;
    # Four of five exam questions have over 64 tokens.
    exam_head | exam_tail | exam_head_tail)
      chinese "$1" "${exam[@]}" --truncation="${1#exam_}" \
        --head_tokens=31 ;;
    exam_windows_mean | exam_windows_max | exam_windows_attention)
      chinese "$1" "${exam[@]}" --num_windows=3 \
        --window_pooling="${1#exam_windows_}" ;;
    exam_focal | exam_f1) chinese "$1" "${exam[@]}" --loss="${1#exam_}" ;;
    exam_balanced) chinese "$1" "${exam[@]}" --class_weights=balanced ;;
    *) echo "$1: no such measurement; the names are in ${BASH_SOURCE[0]}" >&2
       exit 2 ;;
  esac
}

(($#)) || { grep '^#   ' "${BASH_SOURCE[0]}"; exit 2; }
for name in "$@"; do
  measure "$name"
  if [[ -e $output/$name/trials.txt ]]; then
    echo "$name"
    column -t -s $'\t' "$output/$name/trials.txt"
  fi
done
