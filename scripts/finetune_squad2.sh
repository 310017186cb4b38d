#!/usr/bin/env bash
# SQuAD 2.0: as SQuAD 1.1, but some questions have no answer. eval_best_f1_thresh
# in eval_results.txt is the best --null_score_diff_threshold.
# Variables are as in scripts/finetune_squad.sh; flags may follow.
set -euo pipefail

export TRAIN_FILE=${TRAIN_FILE:-train-v2.0.json}
export DEV_FILE=${DEV_FILE:-dev-v2.0.json}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export OUTPUT_DIR=${OUTPUT_DIR:-$root/output/squad2}
exec "$root/scripts/finetune_squad.sh" --version_2_with_negative "$@"
