"""The server's page in a real browser."""
import contextlib
import importlib.util
import os
import shutil

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
_HAS_SELENIUM = importlib.util.find_spec("selenium") is not None
needs_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER and _HAS_SELENIUM),
    reason="apt-get install chromium chromium-driver; requirements-dev.txt, "
    "Python 3.9")


@contextlib.contextmanager
def opened():
  """A browser, which waits for what it is to find."""
  from selenium import webdriver
  options = webdriver.ChromeOptions()
  options.binary_location = CHROMIUM
  for each in ("--headless=new", "--no-sandbox", "--disable-gpu",
               "--disable-dev-shm-usage", "--lang=en-US"):
    options.add_argument(each)
  browser = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
  try:
    browser.implicitly_wait(20)
    yield browser
  finally:
    browser.quit()


@contextlib.contextmanager
def speaking(browser, languages):
  """Lets a browser ask for languages while the block runs.

  Args:
    browser: from opened().
    languages: such as "zh-CN,en", the most preferred one first.
  """
  agent, usual = browser.execute_script(
      "return [navigator.userAgent, navigator.languages.join()]")

  def ask_for(each):
    browser.execute_cdp_cmd("Emulation.setUserAgentOverride", {
        "userAgent": agent, "acceptLanguage": each})

  ask_for(languages)
  try:
    yield
  finally:
    ask_for(usual)


def take_picture(browser, width, scheme, name):
  """Saves the page as it looks to $SCREENSHOTS, if that is set.

  Args:
    browser: shows the page.
    width: of the window, in pixels.
    scheme: light or dark.
    name: of the picture.

  Returns:
    Pixels that the page is wider than its window.
  """
  browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
      "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
  browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
      {"name": "prefers-color-scheme", "value": scheme}]})
  folder = os.environ.get("SCREENSHOTS")
  if folder:
    browser.save_screenshot(os.path.join(folder, "%s_%d_%s.png" % (
        name, width, scheme)))
  return browser.execute_script(
      "return document.documentElement.scrollWidth - window.innerWidth")
