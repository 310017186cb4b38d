"""The server's page in a real browser."""
import contextlib
import importlib.util
import shutil

import pytest

from benchmarks import load

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
_HAS_SELENIUM = importlib.util.find_spec("selenium") is not None
needs_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER and _HAS_SELENIUM),
    reason="apt-get install chromium chromium-driver; requirements-dev.txt, "
    "Python 3.9")


@contextlib.contextmanager
def opened(output_dir):
  """A browser that shows the page of an export's server."""
  from selenium import webdriver
  options = webdriver.ChromeOptions()
  options.binary_location = CHROMIUM
  for each in ("--headless=new", "--no-sandbox", "--disable-gpu",
               "--disable-dev-shm-usage"):
    options.add_argument(each)
  browser = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
  try:
    server = load.Server(output_dir)
    try:
      browser.get("http://127.0.0.1:%d/" % server.port)
      browser.implicitly_wait(20)
      yield browser
    finally:
      server.stop()
  finally:
    browser.quit()
