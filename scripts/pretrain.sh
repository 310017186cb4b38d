#!/usr/bin/env bash
# Pre-trains a BERT on text of your own, from running text to a checkpoint:
#   TEXT='my_texts/*.txt' OUTPUT_DIR=my_bert scripts/pretrain.sh
#   TEXT           files of running text, a comma list of globs
#   OUTPUT_DIR     folder of all files; default: output/pretraining
#   VOCAB_FILE     vocabulary; default: one learned from the text
#   BERT_CONFIG    JSON file with the model's size; default: a small one
#   BERT_BASE_DIR  folder of a released BERT to continue from, with vocabulary
#                  and config
#   SEGMENTER      jieba for Chinese: whole words are masked
#   NUM_SHARDS     number of files of instances; default: 20
#   MAX_SEQ_LENGTH tokens per instance; default: 128
#   VENV, PYTHON   as in scripts/setup.sh
# Flags that follow are passed to run_pretraining.py. Existing files are not made
# again, so that the same command resumes. In the end OUTPUT_DIR is a
# BERT_BASE_DIR for the other scripts.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${TEXT:?set it to files of text, as in my_texts/*.txt}"
output=${OUTPUT_DIR:-$root/output/pretraining}
shards=${NUM_SHARDS:-20}
python=${VENV:-$root/.venv}/bin/python
vocab=${VOCAB_FILE:-} config=${BERT_CONFIG:-} start=()
length=${MAX_SEQ_LENGTH:-128}
# 15 % of the tokens are masked.
sizes=(--max_seq_length="$length"
       --max_predictions_per_seq="$(((length * 15 + 99) / 100))")

if [[ -n ${BERT_BASE_DIR:-} ]]; then
  vocab=${vocab:-$BERT_BASE_DIR/vocab.txt}
  config=${config:-$BERT_BASE_DIR/bert_config.json}
  start=(--init_checkpoint="$BERT_BASE_DIR/bert_model.ckpt")
fi

"$root/scripts/setup.sh"
mkdir -p "$output"
corpus=$output/corpus.txt
if [[ ! -e $corpus ]]; then
  "$python" "$root/scripts/prepare_corpus.py" --input_file="$TEXT" \
    --output_file="$corpus"
fi

if [[ -z $vocab ]]; then
  vocab=$output/vocab.txt
  if [[ ! -e $vocab ]]; then
    "$python" "$root/scripts/train_vocabulary.py" --input_file="$corpus" \
      --vocab_file="$vocab"
  fi
fi

if [[ -z $config ]]; then
  config=$output/bert_config.json
  if [[ ! -e $config ]]; then
    size=$(grep -c '' "$vocab")
    sed "s/\"vocab_size\": [0-9]*/\"vocab_size\": $size/" \
      "$root/samples/bert_config_21128.json" >"$config"
  fi
fi

words=()
if [[ -n ${SEGMENTER:-} ]]; then
  words=(--segmenter="$SEGMENTER" --do_whole_word_mask)
fi
"$python" "$root/create_pretraining_data.py" --input_file="$corpus" \
  --output_file="$output/instances" --vocab_file="$vocab" \
  --num_shards="$shards" "${sizes[@]}" ${words[@]+"${words[@]}"}

# The last shard is held out.
last=$(printf '%s/instances-%05d-of-%05d' "$output" $((shards - 1)) "$shards")
train=()
for ((index = 0; index < shards - 1; index++)); do
  train+=("$(printf '%s/instances-%05d-of-%05d' "$output" "$index" "$shards")")
done
if ((shards == 1)); then train=("$last"); fi
"$python" "$root/run_pretraining.py" \
  --input_file="$(IFS=,; echo "${train[*]}")" --eval_file="$last" \
  --bert_config_file="$config" --output_dir="$output/model" \
  --do_train --do_eval "${sizes[@]}" ${start[@]+"${start[@]}"} "$@"

newest=$(sed -n 's/^model_checkpoint_path: "\(.*\)"$/\1/p' \
  "$output/model/checkpoint")
for file in "$output/model/$newest".{index,data-*}; do
  cp "$file" "$output/bert_model.ckpt.${file##*/"$newest".}"
done
[[ $vocab -ef $output/vocab.txt ]] || cp "$vocab" "$output/vocab.txt"
[[ $config -ef $output/bert_config.json ]] ||
  cp "$config" "$output/bert_config.json"
echo "Fine-tune it with BERT_BASE_DIR=$output"
