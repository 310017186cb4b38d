"""The server's page in a real browser."""
import contextlib
import importlib.util
import os
import shutil

import pytest

import forked
from benchmarks import load

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
_HAS_SELENIUM = importlib.util.find_spec("selenium") is not None
needs_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER and _HAS_SELENIUM),
    reason="apt-get install chromium chromium-driver; requirements-dev.txt, "
    "Python 3.9")


@contextlib.contextmanager
def opened(output_dir, languages="en-US,en"):
  """A browser that shows the page of an export's server.

  Args:
    output_dir: of the export.
    languages: that the browser asks for.
  """
  from selenium import webdriver
  options = webdriver.ChromeOptions()
  options.binary_location = CHROMIUM
  for each in ("--headless=new", "--no-sandbox", "--disable-gpu",
               "--disable-dev-shm-usage"):
    options.add_argument(each)
  options.add_experimental_option(
      "prefs", {"intl.accept_languages": languages})
  browser = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
  try:
    server = load.Server(output_dir, python=forked.python())
    try:
      browser.get("http://127.0.0.1:%d/" % server.port)
      browser.implicitly_wait(20)
      yield browser
    finally:
      server.stop()
  finally:
    browser.quit()


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
