"""The page at /, in a real browser."""
import shutil

import pytest

import exported
from benchmarks import load
from bert.serving import predictor

webdriver = pytest.importorskip("selenium.webdriver",
                                reason="requirements-dev.txt, Python 3.9")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="apt-get install chromium chromium-driver")


@pytest.fixture(scope="module")
def flags(tmp_path_factory):
  return exported.of_pairs(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def browser(flags):
  options = webdriver.ChromeOptions()
  options.binary_location = CHROMIUM
  for each in ("--headless=new", "--no-sandbox", "--disable-gpu",
               "--disable-dev-shm-usage"):
    options.add_argument(each)
  made = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
  server = load.Server(flags["output_dir"])
  made.get("http://127.0.0.1:%d/" % server.port)
  made.implicitly_wait(20)
  yield made
  made.quit()
  server.stop()


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
