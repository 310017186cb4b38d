"""Mistakes in flags of speed: exit code 2, one line, and nothing touched."""
import pytest

from bad_input import assert_refused, flag
from bert.model import estimator


def on_tpu(**flags):
  return flag(use_tpu=True, tpu_name="x", num_tpu_cores=1, **flags)


MISTAKES = {
    "unknown_precision": (flag(precision="int8"),
                          ["--precision=int8", "float32 bfloat16 float16"]),
    "float16_without_a_gpu": (flag(precision="float16"),
                              ["--precision=float16", "no GPU"]),
    "precision_that_cannot_be_had": (flag(precision="bfloat16"),
                                     ["--precision=bfloat16: ", "leave"]),
    "parts_that_do_not_divide": (
        flag(gradient_accumulation_steps=3),
        ["--gradient_accumulation_steps=3", "--train_batch_size=4"]),
    "more_parts_than_examples": (
        flag(gradient_accumulation_steps=8),
        ["--gradient_accumulation_steps=8", "--train_batch_size=4"]),
    "more_replicas_than_examples": (
        flag(cpu_replicas=5),
        ["--cpu_replicas=5", "--train_batch_size=4"]),
    "parts_both_ways": (
        flag(cpu_replicas=2, gradient_accumulation_steps=2),
        ["--gradient_accumulation_steps=2", "--cpu_replicas=2"]),
    "replicas_on_tpu": (on_tpu(cpu_replicas=2),
                              ["--cpu_replicas=2", "--use_tpu"]),
    "no_part": (flag(gradient_accumulation_steps=0),
                ["--gradient_accumulation_steps=0", "at least 1"]),
    "workers_below_zero": (flag(num_workers=-1),
                           ["--num_workers=-1", "at least 0"]),
    "workers_in_words": (flag(num_workers="two"), ["num_workers", "two"]),
    "switch_in_words": (flag(bucket_by_length="maybe"),
                        ["bucket_by_length", "maybe"]),
    "precision_on_tpu": (on_tpu(precision="bfloat16"),
                         ["--precision=bfloat16", "--use_tpu"]),
    "buckets_on_tpu": (on_tpu(bucket_by_length=True),
                       ["--bucket_by_length=true", "--use_tpu"]),
    "horovod_on_tpu": (on_tpu(use_horovod=True),
                       ["--use_horovod=true", "--use_tpu"]),
    "horovod_of_whole_batches": (flag(use_horovod=True, loss="f1"),
                                 ["--loss=f1", "--use_horovod"]),
    "fp16_messages_to_nobody": (flag(fp16_allreduce=True),
                                ["--fp16_allreduce needs --use_horovod"]),
    "parts_on_tpu": (on_tpu(gradient_accumulation_steps=2),
                     ["--gradient_accumulation_steps=2", "--use_tpu"]),
}


@pytest.mark.parametrize("name", sorted(MISTAKES))
def test_mistake_is_told_in_one_line_before_anything_is_written(
    job, monkeypatch, name):
  monkeypatch.setattr(estimator, "_cpu_description", lambda: "")
  monkeypatch.setattr(estimator, "_has_gpu", lambda: False)
  change, fragments = MISTAKES[name]
  change(job)
  assert_refused(job, fragments)
