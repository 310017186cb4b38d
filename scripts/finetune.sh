#!/usr/bin/env bash
# Fine-tunes a released BERT on a task, evaluates and predicts:
#   BERT_BASE_DIR=chinese_L-12_H-768_A-12 DATA_DIR=data/xnli \
#     scripts/finetune.sh xnli --num_train_epochs=2
# The task's settings are recipes/TASK.flags; flags after TASK override them. For
# a task of your own, add such a file, or pass --processor_module.
#   BERT_BASE_DIR  folder with bert_config.json, vocab.txt, bert_model.ckpt.*
#   DATA_DIR       folder with the task's files
#   OUTPUT_DIR     folder of checkpoints and results; default: output/TASK
#   VENV, PYTHON   as in scripts/setup.sh
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
recipes=$(cd "$root/recipes" && ls -- *.flags | sed 's/[.]flags$//')

die() {
  echo "finetune.sh: error: $*; tasks:" $recipes >&2
  exit 2
}

# Prints " (did you mean ...?)" with the recipes that have the same first letter.
suggestion() {
  local name alike=""
  for name in $recipes; do
    [[ ${name:0:1} != "${1:0:1}" ]] || alike+="${alike:+ or }$name"
  done
  [[ -z $alike ]] || echo " (did you mean $alike?)"
}

task=${1:-}
[[ -n $task && $task != -* ]] || die "the first argument must be a task"
# sts-b and STSB are names of stsb.
recipe=$(tr -d "-" <<<"$task" | tr "[:upper:]" "[:lower:]")
if grep -qxF -e "$recipe" <<<"$recipes"; then
  settings=--flagfile=$root/recipes/$recipe.flags
elif [[ "$*" =~ -(processor_module|flagfile) ]]; then  # A task of the user's.
  settings=--task_name=$task
elif [[ $recipe =~ ^(squad|squad2|cmrc)$ ]]; then
  die "$task has a script of its own: scripts/finetune_$recipe.sh"
else
  die "no recipe for \"$task\"$(suggestion "$recipe")"
fi
: "${BERT_BASE_DIR:?set it to the folder of a released BERT}"
: "${DATA_DIR:?set it to the folder with the files of $task}"

"$root/scripts/setup.sh"
exec "${VENV:-$root/.venv}/bin/python" "$root/run_classifier.py" \
  --data_dir="$DATA_DIR" \
  --vocab_file="$BERT_BASE_DIR/vocab.txt" \
  --bert_config_file="$BERT_BASE_DIR/bert_config.json" \
  --init_checkpoint="$BERT_BASE_DIR/bert_model.ckpt" \
  --output_dir="${OUTPUT_DIR:-$root/output/$task}" \
  --do_train --do_eval --do_predict \
  "$settings" "${@:2}"
