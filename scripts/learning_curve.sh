#!/usr/bin/env bash
# Trains on growing subsets of the training set, to see whether more labels would
# help.
#
#   scripts/learning_curve.sh OUTPUT_DIR FLAGS...
#
# FLAGS are those of run_classifier.py, except --output_dir, --train_fraction,
# --do_train and --do_eval. Writes OUTPUT_DIR/fraction_*, learning_curve.tsv and
# learning_curve.png. The same command resumes a run that was killed.
#   FRACTIONS  default: 0.1 0.25 0.5 1
#   PYTHON     default: python
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=${PYTHON:-python}
if (($# < 2)) || [[ $1 == -* ]]; then
  echo "learning_curve.sh: error: OUTPUT_DIR and flags of run_classifier.py are" \
    "needed" >&2
  exit 2
fi
output=$1
shift
folders=()
for fraction in ${FRACTIONS:-0.1 0.25 0.5 1}; do
  folders+=("$output/fraction_$fraction")
  "$python" "$root/run_classifier.py" --random_seed=1 "$@" --do_train --do_eval \
    --train_fraction="$fraction" --output_dir="$output/fraction_$fraction"
done
"$python" "$root/scripts/draw_learning_curve.py" "$output" "${folders[@]}"
