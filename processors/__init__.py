"""The tasks that come with the program; importing this registers them."""

from processors import baidu_95
from processors import domainc
from processors import glue
from processors import xnli
