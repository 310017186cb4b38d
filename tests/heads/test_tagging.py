"""The head that gives each word a label."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from bert.data.examples import InputExample
from bert.data.examples import Words
from bert.heads import registry
from bert.options.finetuning import HeadOptions
from graphs import run_init, tiny_config
from mistakes import message_of

LABELS = ["O", "B-X", "I-X"]
# Two sentences; the first word of the first one has two pieces.
LABEL_IDS = np.int32([[0, 2, 0, 3, 1, 0], [0, 1, 2, 0, 0, 0]])
LOGITS = np.float32(np.random.RandomState(1).randn(2, 6, 3) * 2)
WORDS = [[1, 3, 4], [1, 2]]  # Places of first pieces.
CHOSEN = [[LABELS[LOGITS[row, place].argmax()] for place in places]
          for row, places in enumerate(WORDS)]


def create(**settings):
  return registry.create("tagging", LABELS, HeadOptions(**settings))


def examples(num_words=(3, 2), is_labelled=True):
  return [InputExample(
      "g%d" % index, ["w%d" % place for place in range(count)], None,
      ["O"] * count if is_labelled else None)
          for index, count in enumerate(num_words)]


def predictions_of(head):
  return head.predictions({"logits": tf.constant(LOGITS)},
                          {"label_ids": tf.constant(LABEL_IDS)})


def rows_of(session, head):
  found = session.run(predictions_of(head))
  return found, [{name: values[index] for name, values in found.items()}
                 for index in range(2)]


def cross_entropy(row, place):
  logits = np.float64(LOGITS[row, place])
  return np.log(np.exp(logits).sum()) - logits[LABEL_IDS[row, place] - 1]


def test_loss_is_summed_over_first_pieces_alone(session):
  head = create()
  each, mean = session.run([function(tf.constant(LOGITS),
                                     tf.constant(LABEL_IDS)) for function in (
                                         head.example_losses,
                                         head.training_loss)])
  expected = [sum(cross_entropy(row, place) for place in places)
              for row, places in enumerate(WORDS)]
  golden.assert_close(each, expected)
  golden.assert_close(mean, np.mean(expected))


def test_predictions_are_those_of_first_pieces_in_order(session):
  head = create()
  found, rows = rows_of(session, head)
  assert found["num_words"].tolist() == [3, 2]
  for row, example, expected in zip(rows, examples(), CHOSEN):
    prediction = head.prediction(row, example)
    assert prediction.labels == expected
    assert head.result(row, example) == " ".join(expected)
    assert all(1 / 3 <= score <= 1 for score in prediction.scores)


def test_export_has_labels_under_both_names(session):
  head = create()
  inputs, outputs = head.serving_signatures(
      {}, {"logits": tf.constant(LOGITS)})[head.signature]
  values = session.run(outputs, {inputs["word_starts"]: LABEL_IDS})
  assert set(values) == {"chosen", "label_ids", "scores", "num_words"}
  np.testing.assert_array_equal(values["label_ids"], values["chosen"])


def test_words_that_were_cut_off_are_outside(session):
  head = create()
  _, rows = rows_of(session, head)
  prediction = head.prediction(rows[1], examples((3, 4))[1])
  assert prediction.labels == CHOSEN[1] + ["O", "O"]
  assert len(prediction.scores) == 4


def test_outcome_has_all_words_of_the_examples(session):
  head = create()
  found, _ = rows_of(session, head)
  eval_prediction = head.eval_prediction(found, examples((3, 4)))
  assert eval_prediction.labels == [["O"] * 3, ["O"] * 4]
  assert eval_prediction.predicted == [CHOSEN[0], CHOSEN[1] + ["O", "O"]]


def test_predictions_come_in_columns(session):
  head = create()
  _, rows = rows_of(session, head)
  for is_labelled in (True, False):
    texts = examples(is_labelled=is_labelled)
    (name, lines), = head.prediction_files(texts, [
        head.prediction(*each) for each in zip(rows, texts)]).items()
    assert name == "test_predictions.txt"
    gold = ["O"] if is_labelled else []
    assert list(lines) == [
        line for sentence in CHOSEN for line in
        [" ".join(["w%d" % place] + gold + [label])
         for place, label in enumerate(sentence)] + [""]]


def test_field_is_cut_with_the_batch():
  field = create().label_fields(9)["label_ids"]
  assert (field.kind, field.shape, field.is_per_token) == (
      tf.int64, (9,), True)


def logits_of(session, head, lengths, **graph):
  """Logits of two texts padded to each length, with all weights set."""
  ids = np.random.RandomState(2).randint(1, 11, [2, 5])
  mask = np.int32(np.arange(5) < np.array([[5], [3]]))
  outputs = []
  for length in lengths:
    padded = [tf.constant(np.int32(np.pad(
        each, [(0, 0), (0, length - 5)], "constant")))
              for each in (ids * mask, mask)]
    with tf.variable_scope("", reuse=tf.AUTO_REUSE):
      model = modeling.BertModel(tiny_config(), False, *padded, scope="bert")
      outputs.append(head.logits(model, padded[1], False))
  run_init(session)
  for each in tf.trainable_variables():
    random = np.random.RandomState(len(each.op.name))
    session.run(tf.assign(each, random.randn(*each.shape.as_list())))
  return session.run(outputs)


@pytest.mark.parametrize("settings", [
    dict(), dict(encoder_top="cnn"), dict(encoder_top="bilstm"), dict(crf=True),
    dict(crf=True, encoder_top="bilstm")], ids=str)
def test_logits_of_a_word_are_blind_to_padding(session, settings):
  short, long = logits_of(session, create(**settings), [5, 9])
  assert short.shape == (2, 5, 3) and long.shape == (2, 9, 3)
  golden.assert_close(long[0, :5], short[0], 1e-4)
  golden.assert_close(long[1, :3], short[1, :3], 1e-4)
  names = {each.op.name for each in tf.trainable_variables()}
  assert ("crf/transitions" in names) == ("crf" in settings)


def test_plain_head_has_the_names_of_the_others(session):
  logits_of(session, create(), [5])
  assert {each.op.name for each in tf.trainable_variables()
          if not each.op.name.startswith("bert/")} == {
              "output_weights", "output_bias"}


def test_crf_weighs_sentences_as_a_whole(session):
  head = create(crf=True)
  logits_of(session, head, [5])
  losses, outputs = session.run([
      head.example_losses(tf.constant(LOGITS), tf.constant(LABEL_IDS)),
      predictions_of(head)])
  chain = [session.run("crf/%s:0" % name)
           for name in ("transitions", "start", "end")]
  for row, places in enumerate(WORDS):
    scores = {}
    for labels in np.ndindex(*[3] * len(places)):
      scores[labels] = chain[1][labels[0]] + chain[2][labels[-1]] + sum(
          LOGITS[row, place, label] for place, label in zip(places, labels)
      ) + sum(chain[0][pair] for pair in zip(labels, labels[1:]))
    true = tuple(LABEL_IDS[row, place] - 1 for place in places)
    total = np.log(np.sum(np.exp(np.float64(list(scores.values())))))
    golden.assert_close(losses[row], total - scores[true], 1e-4)
    best = max(scores, key=scores.get)
    assert tuple(outputs["chosen"][row, :len(places)]) == best
    first = sum(np.exp(np.float64(score) - total)
                for labels, score in scores.items() if labels[0] == best[0])
    golden.assert_close(outputs["scores"][row, 0], first, 1e-4)


def test_weights_count_the_labels_of_words():
  head = create(class_weights="balanced")
  assert head.compute_class_weights([
      InputExample("g", ["a"] * 4, None, ["O", "O", "B-X", "O"])
  ]) == pytest.approx([4 / 6, 2.0, 1.0])


@pytest.mark.parametrize("word_split, text, words", [
    ("spaces", "中华人民共和国 在 亚洲", ["中华人民共和国", "在", "亚洲"]),
    ("characters", "中华 人民" * 6, list("中华人民" * 6)),
    (None, "中华 two", ["中", "华", "two"])])
def test_text_is_split_as_the_training_set_was(word_split, text, words):
  head = create().with_text_facts({"word_split": word_split})
  assert head.to_example(text).text_a == words
  assert head.to_example(Words(["中 华"])).text_a == ["中 华"]


def test_chinese_in_one_piece_is_refused_where_words_are_longer():
  head = create().with_text_facts({"word_split": "spaces"})
  message = message_of(head.to_example, "他在北京见到了王小明和他的老师")
  assert '{"words": [...]}' in message


@pytest.mark.parametrize("text", ["", " ", "\u3000\t", Words([" "]), Words()])
def test_blank_texts_are_refused(text):
  assert "blank" in message_of(create().to_example, text)
