"""The page at /, in a real browser."""
import re

import numpy as np
import pytest

import commands
import exported
import pages
import served
import tiny_encoder
import tiny_squad
from bert import predictor as predictor_lib
from bert.server import settings
from bert.serving import formats
from bert.serving import predictor
from processors import base
from test_run_classifier_choices import choices_of, swag

action_chains = pytest.importorskip(
    "selenium.webdriver.common.action_chains",
    reason="requirements-dev.txt, Python 3.9")
from selenium.webdriver.common.keys import Keys  # pylint: disable=wrong-import-position

pytestmark = pages.needs_browser


@pytest.fixture(scope="module")
def models(tmp_path_factory):
  """Name -> the flags that a model was exported with."""
  folder = tmp_path_factory.mktemp("page")
  is_exported = dict(do_export=True, do_eval=False, do_predict=False)
  flags = {
      "pairs": exported.of_pairs(folder / "pairs"),
      "singles": exported.of_singles(folder / "singles"),
      "words": exported.of_words(folder / "words"),
      "answers": tiny_squad.flags_of(folder / "answers", **is_exported),
      "choices": swag(folder / "choices", **is_exported),
      "vectors": tiny_encoder.run(tiny_encoder.flags_of(folder / "vectors"))}
  tiny_squad.finish(flags["answers"])
  commands.finish(flags["choices"])
  return flags


@pytest.fixture(scope="module")
def flags(models):
  return models["pairs"]


@pytest.fixture(scope="module")
def asked(flags):
  return predictor.Predictor(flags["output_dir"])


@pytest.fixture(scope="module")
def url(models):
  """Of a server of all models."""
  with served.running(*[settings.ModelSpec(name, each["output_dir"])
                        for name, each in models.items()]) as server:
    yield "http://127.0.0.1:%d/" % server.listeners["http"].port


@pytest.fixture(scope="module")
def driver():
  with pages.opened() as made:
    yield made


@pytest.fixture
def browser(driver, url):
  """Shows the page of the first model."""
  driver.get(url)
  return driver


@pytest.fixture
def show(driver, url):
  """A function that shows the page of a model."""
  def show_model(name):
    driver.get(url + "?model=" + name)
    return driver
  return show_model


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
def test_texts_and_pairs_are_classified(browser, asked, question):
  texts = question if isinstance(question, tuple) else (question,)
  ask(browser, *texts)
  found = bars(browser)
  (answer,) = asked.predict([question])
  assert set(found) == set(answer.probabilities)
  for label, (score, is_chosen, width) in found.items():
    assert score == pytest.approx(answer.probabilities[label], abs=1e-4)
    assert width == pytest.approx(100 * answer.probabilities[label], abs=0.1)
    assert is_chosen == (label == answer.labels[0])


def test_mistake_is_shown(browser):
  ask(browser, " ")
  error = browser.find_element("css selector", "#error:not(:empty)")
  assert "blank" in error.text
  assert browser.execute_script(
      "return document.querySelectorAll('#answer .row').length") == 0


def test_texts_are_sent_as_they_stand(browser, asked):
  for texts in ((" two votes ",), (" two ||| votes ", " a ||| b"),
                ("the", " said "), ("the", " ")):
    question = texts if len(texts) > 1 else texts[0]
    sent = browser.execute_script(
        "[get('text_a').value, get('text_b').value] = arguments[0]; "
        "return readInputs();", list(texts) + [""] * (2 - len(texts)))
    assert [asked.to_example(question).__dict__] == [
        asked.to_example(formats.of_object(each)).__dict__ for each in sent]


def test_answer_is_marked_in_its_context(models, show):
  # A character outside of the plane that JavaScript counts one by one.
  context = "\U0001d11e the ferry left before sunrise"
  (output,) = predictor.Predictor(models["answers"]["output_dir"]).predict(
      [("who left ?", context)])
  browser = show("answers")
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


def test_choices_are_a_line_each(models, show):
  text = choices_of(models["choices"])[0]
  browser = show("choices")
  ask(browser, text.text_a, "\n".join(text.choices))
  found = bars(browser)
  (output,) = predictor.Predictor(models["choices"]["output_dir"]).predict(
      [text])
  assert set(found) == {"0", "1", "2", "3"}
  assert [label for label, (_, is_chosen, _) in found.items()
          if is_chosen] == output.labels


def test_vectors_are_compared_in_a_table(models, show):
  texts = ["the ferry left", "two votes", "the ferry"]
  vectors = predictor_lib.Encoder(models["vectors"]["output_dir"]).encode(texts)
  units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
  browser = show("vectors")
  browser.find_element("id", "text_a").send_keys("\n".join(texts))
  browser.find_element("id", "ask").click()
  browser.find_element("css selector", "#answer td")
  assert pages.take_picture(browser, 360, "light", "vectors") <= 0
  cells = [float(each.text) for each in browser.find_elements(
      "css selector", "#answer td") if each.text]
  np.testing.assert_allclose(np.reshape(cells, [3, 3]), units @ units.T,
                             atol=1e-3)


SIZES = [(width, scheme) for width in (360, 1200)
         for scheme in ("light", "dark")]


@pytest.mark.parametrize("width, scheme", SIZES)
def test_page_fits_its_window(width, scheme, browser):
  ask(browser, "the captain said " * 20, "x" * 200)
  bars(browser)
  assert pages.take_picture(browser, width, scheme, "pairs") <= 0
  colors = browser.execute_script(
      "const style = getComputedStyle(document.body);"
      "return [style.color, style.backgroundColor]")
  text, back = [sum(map(int, re.findall(r"\d+", each)[:3])) for each in colors]
  assert (text < back) == (scheme == "light")
  assert abs(text - back) > 400


def test_examples_of_the_dev_set_can_be_asked(browser, flags):
  processor = base.create("mrpc", flags["data_dir"])
  texts = {each.text_a: each.text_b
           for each in processor.get_dev_examples(flags["data_dir"])}
  samples = browser.find_elements("css selector", "#samples button")
  assert 1 < len(samples) <= 5
  for sample in samples:
    sample.click()
    text_a, text_b = [browser.find_element("id", name).get_property("value")
                      for name in ("text_a", "text_b")]
    assert texts[text_a] == text_b
    assert len(bars(browser)) == 2


def test_keyboard_is_enough(browser):
  keys = action_chains.ActionChains(browser)
  # The first field has the focus; then the second one.
  keys.send_keys("two votes", Keys.TAB, "the ferry").key_down(
      Keys.CONTROL).send_keys(Keys.ENTER).key_up(Keys.CONTROL).perform()
  assert len(bars(browser)) == 2
  assert browser.find_element("id", "text_b").get_property(
      "value") == "the ferry"
  meter = browser.find_element("css selector", "[role=meter]")
  assert meter.get_attribute("aria-label") in ("0", "1")


@pytest.mark.parametrize("languages, lang, button", [
    ("zh-CN,zh,en", "zh-CN", "提交"), ("fr,zh-TW", "zh-CN", "提交"),
    ("en-GB,zh", "en", "Ask"), ("fr", "en", "Ask")])
def test_page_speaks_the_language_of_the_browser(
    languages, lang, button, driver, url):
  with pages.speaking(driver, languages):
    driver.get(url)
    assert driver.find_element("id", "ask").text == button
    assert driver.find_element("css selector", "html").get_attribute(
        "lang") == lang
    if lang == "zh-CN":
      ask(driver, "渡轮在日出前离开", "两张票")
      bars(driver)
      for width, scheme in SIZES:
        assert pages.take_picture(driver, width, scheme, "chinese") <= 0


def test_entities_are_marked_in_their_text(models, show):
  text = "the  captain said two votes"
  (output,) = predictor.Predictor(models["words"]["output_dir"]).predict(
      [text])
  browser = show("words")
  assert not browser.find_element("id", "text_b").is_displayed()
  browser.find_element("id", "text_a").send_keys(text)
  browser.find_element("id", "ask").click()
  shown = browser.find_element("css selector", "#answer .text")
  for width, scheme in SIZES:
    assert pages.take_picture(browser, width, scheme, "entities") <= 0
  marks = shown.find_elements("css selector", "mark")
  labels = [label for label in output.labels if label != "O"]
  assert len(marks) <= len(labels) and bool(marks) == bool(labels)
  # Beside the names of types, it is the text as it was.
  names = [each.text for each in shown.find_elements(
      "css selector", "mark small")]
  assert set(names) <= {label[2:] for label in labels}
  browser.execute_script(
      "document.querySelectorAll('mark small').forEach(e => e.remove())")
  assert shown.get_property("textContent") == text
  # Runs of labels, as their scheme has them.
  assert browser.execute_script(
      "return entitiesOf(arguments[0])",
      ["B-a", "I-a", "O", "B-a", "B-a", "I-b", "S-c", "S-c", "a", "a",
       "O"]) == [["a", 0, 2], ["a", 3, 4], ["a", 4, 5], ["b", 5, 6],
                 ["c", 6, 7], ["c", 7, 8], ["a", 8, 10]]


def test_single_texts_have_one_field(show):
  browser = show("singles")
  assert browser.find_element("id", "text_a").is_displayed()
  assert not browser.find_element("id", "text_b").is_displayed()
