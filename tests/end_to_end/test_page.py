"""The page at /, in a real browser."""
import numpy as np
import pytest

import commands
import exported
import pages
import tiny_encoder
import tiny_squad
from bert import predictor as predictor_lib
from bert.serving import predictor
from test_run_classifier_choices import choices_of, swag

pytestmark = pages.needs_browser


@pytest.fixture(scope="module")
def flags(tmp_path_factory):
  return exported.of_pairs(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def browser(flags):
  with pages.opened(flags["output_dir"]) as made:
    yield made


def ask(browser, text_a, text_b=""):
  for name, text in (("text_a", text_a), ("text_b", text_b)):
    field = browser.find_element("id", name)
    field.clear()
    field.send_keys(text)
  browser.find_element("id", "ask").click()


def bars(browser):
  """Returns label -> (probability, whether chosen, width in percent)."""
  browser.find_element("css selector", "#answer .row")
  found = {}
  for row in browser.find_elements("css selector", "#answer .row"):
    label = row.find_element("css selector", ":first-child")
    width = row.find_element("css selector", ".bar div").get_attribute("style")
    found[label.text] = (
        float(row.find_element("class name", "score").text),
        label.tag_name == "b",
        float(width.replace("width:", "").strip(" ;%")))
  return found


@pytest.mark.parametrize("question", [
    "two votes", ("the captain said", "two votes"), "<b>两张票</b> & \"x\""])
def test_texts_and_pairs_are_classified(browser, flags, question):
  texts = question if isinstance(question, tuple) else (question,)
  ask(browser, *texts)
  found = bars(browser)
  (answer,) = predictor.Predictor(flags["output_dir"]).predict([question])
  assert set(found) == set(answer.probabilities)
  for label, (score, is_chosen, width) in found.items():
    assert score == pytest.approx(answer.probabilities[label], abs=1e-4)
    assert width == pytest.approx(100 * answer.probabilities[label], abs=0.1)
    assert is_chosen == (label == answer.labels[0])


def test_mistake_is_shown(browser):
  ask(browser, " ")
  error = browser.find_element("css selector", "#error:not(:empty)")
  assert "blank" in error.text
  assert not browser.find_elements("css selector", "#answer .row")


def test_answer_is_marked_in_its_context(tmp_path):
  flags = tiny_squad.flags_of(tmp_path, do_export=True, do_eval=False,
                              do_predict=False)
  tiny_squad.finish(flags)
  # A character outside of the plane that JavaScript counts one by one.
  context = "\U0001d11e the ferry left before sunrise"
  (output,) = predictor.Predictor(flags["output_dir"]).predict(
      [("who left ?", context)])
  with pages.opened(flags["output_dir"]) as browser:
    assert browser.find_element("id", "name_a").text == "Question"
    assert browser.find_element("id", "name_b").text == "Context"
    # The driver types no such characters.
    browser.execute_script("get('text_b').value = arguments[0]", context)
    browser.find_element("id", "text_a").send_keys("who left ?")
    browser.find_element("id", "ask").click()
    marked = browser.find_element("css selector", "#answer mark").text
    assert marked == output.labels[0]
    assert browser.find_element("css selector", "#answer p").text == context
    assert bars(browser)[marked][1]


def test_choices_are_a_line_each(tmp_path):
  flags = swag(tmp_path, do_eval=False, do_predict=False)
  commands.finish(flags)
  text = choices_of(flags)[0]
  with pages.opened(flags["output_dir"]) as browser:
    ask(browser, text.text_a, "\n".join(text.choices))
    found = bars(browser)
  (output,) = predictor.Predictor(flags["output_dir"]).predict([text])
  assert set(found) == {"0", "1", "2", "3"}
  assert [label for label, (_, is_chosen, _) in found.items()
          if is_chosen] == output.labels


def test_vectors_are_compared_in_a_table(tmp_path):
  flags = tiny_encoder.run(tiny_encoder.flags_of(tmp_path))
  texts = ["the ferry left", "two votes", "the ferry"]
  vectors = predictor_lib.Encoder(flags["output_dir"]).encode(texts)
  units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
  with pages.opened(flags["output_dir"]) as browser:
    browser.find_element("id", "text_a").send_keys("\n".join(texts))
    browser.find_element("id", "ask").click()
    cells = [float(each.text) for each in browser.find_elements(
        "css selector", "#answer td")]
  np.testing.assert_allclose(np.reshape(cells, [3, 3]), units @ units.T,
                             atol=1e-3)
