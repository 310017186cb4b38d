#!/usr/bin/env bash
# Fine-tunes a BERT on the bundled questions to the police (task domainc),
# evaluates, predicts, exports the model and shows the results. A fresh clone
# needs nothing else.
#   BERT_BASE_DIR  folder of a Chinese BERT with bert_config.json, vocab.txt and
#                  bert_model.ckpt.*; default: a tiny BERT from scratch
#   OUTPUT_DIR     folder of checkpoints and results; default: output/quickstart
#   VENV, PYTHON   as in scripts/setup.sh
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
data=$root/samples/domainc

if [[ -n ${BERT_BASE_DIR:-} ]]; then
  output=${OUTPUT_DIR:-$root/output/quickstart_pretrained}
  model=("--vocab_file=$BERT_BASE_DIR/vocab.txt"
    "--bert_config_file=$BERT_BASE_DIR/bert_config.json"
    "--init_checkpoint=$BERT_BASE_DIR/bert_model.ckpt"
    --learning_rate=5e-5 --num_train_epochs=5)
else
  output=${OUTPUT_DIR:-$root/output/quickstart}
  model=("--vocab_file=$root/samples/vocab.txt"
    "--bert_config_file=$root/samples/bert_config.json"
    --learning_rate=2e-4 --num_train_epochs=40)
fi

"$root/scripts/setup.sh"
python=${VENV:-$root/.venv}/bin/python
"$python" "$root/run_classifier.py" \
  --task_name=domainc --data_dir="$data" "${model[@]}" \
  --output_dir="$output" --do_train --do_eval --do_predict --do_export \
  --max_seq_length=64 --train_batch_size=16 --log_steps=50 --random_seed=1
"$python" "$root/scripts/show_results.py" "$output" "$data/test.tsv" 10
echo "All results are in $output"
