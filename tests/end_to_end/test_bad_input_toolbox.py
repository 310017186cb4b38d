"""Mistakes in flags of heads, losses and training: exit code 2, one line."""
import pytest

from bad_input import assert_refused, flag

MISTAKES = {
    "top_without_pooling": (flag(encoder_top="cnn"), ["--encoder_top=cnn", "--pooling=max"]),
    "unknown_pooling": (flag(pooling="sum"), ["--pooling=sum", "mean_max"]),
    "unknown_top": (flag(encoder_top="lstm"), ["--encoder_top=lstm", "bilstm"]),
    "unknown_loss": (flag(loss="hinge"), ["--loss=hinge", "focal"]),
    "crf_without_tags": (flag(crf=True), ["--crf", "classification"]),
    "f1_with_weights": (flag(loss="f1", class_weights="1,2"),
                        ["--class_weights=1,2", "--loss=f1"]),
    "f1_with_smoothing": (flag(loss="f1", label_smoothing=0.1),
                          ["--label_smoothing=0.1", "--loss=f1"]),
    "f1_in_parts": (flag(loss="f1", gradient_accumulation_steps=2),
                    ["--loss=f1", "--gradient_accumulation_steps"]),
    "weights_in_words": (flag(class_weights="much,less"),
                         ["--class_weights=much,less", "balanced"]),
    "negative_weights": (flag(class_weights="1,-1"),
                         ["--class_weights=1,-1"]),
    "too_few_weights": (flag(class_weights="1"),
                        ["--class_weights=1: 1 weights", "2 labels: 0 1"]),
    "smoothing_of_all": (flag(label_smoothing=0.9), ["--label_smoothing=0.9"]),
    "truncation_of_pairs": (flag(truncation="tail"),
                            ["--truncation=tail", "pair"]),
    "windows_of_pairs": (flag(num_windows=2), ["--num_windows=2", "pair"]),
    "unknown_truncation": (flag(truncation="middle"), ["--truncation=middle"]),
    "stride_without_windows": (flag(window_stride=4),
                               ["--window_stride=4", "--num_windows"]),
    "stride_that_leaves_gaps": (flag(num_windows=2, window_stride=40),
                                ["--window_stride=40", "--max_seq_length=16"]),
    "window_pooling_without_windows": (
        flag(window_pooling="max"), ["--window_pooling=max"]),
    "windows_and_truncation": (flag(num_windows=2, truncation="tail"),
                               ["--truncation=tail", "--num_windows=2"]),
    "too_many_layers": (flag(trainable="top:2"),
                        ["--trainable=top:2", "1 layers"]),
    "nothing_trainable": (flag(trainable="heads"), ["--trainable=heads"]),
    "bad_expression": (flag(trainable="("), ["--trainable=("]),
    "decay_over_one": (flag(layerwise_lr_decay=1.5),
                       ["--layerwise_lr_decay=1.5"]),
    "no_head_rate": (flag(head_learning_rate=0), ["--head_learning_rate=0"]),
    "epochs_to_watch": (flag(eval_every="epochs"), ["--eval_every=epochs"]),
    "no_step_to_watch": (flag(eval_every=0), ["--eval_every=0"]),
    "patience_unwatched": (flag(early_stopping_patience=2),
                           ["--early_stopping_patience=2", "--eval_every"]),
    "plateau_unwatched": (flag(plateau_patience=2),
                          ["--plateau_patience=2", "--eval_every"]),
    "no_patience": (flag(eval_every=1, early_stopping_patience=0),
                    ["--early_stopping_patience=0"]),
    "unknown_best_metric": (flag(eval_every=1, best_metric="bleu"),
                            ["--best_metric=bleu", "eval_f1"]),
    "watching_on_tpu": (
        flag(eval_every=1, use_tpu=True, tpu_name="x", num_tpu_cores=1),
        ["--eval_every=1", "--use_tpu"]),
    "no_trial": (flag(num_seeds=0), ["--num_seeds=0"]),
    "trials_untrained": (flag(num_seeds=2, do_train=False),
                         ["--num_seeds=2", "--do_train"]),
}


@pytest.mark.parametrize("name", sorted(MISTAKES))
def test_mistake_is_told_in_one_line_before_anything_is_written(job, name):
  change, fragments = MISTAKES[name]
  change(job)
  assert_refused(job, fragments)
