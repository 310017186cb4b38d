"""The tasks that come with the program; importing this registers them."""

from processors import baidu_95
from processors import choices
from processors import domainc
from processors import entities
from processors import glue
from processors import go_emotions
from processors import pairs
from processors import reviews
from processors import table
from processors import tnews
from processors import xnli
