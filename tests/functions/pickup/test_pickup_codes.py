import re
import subprocess
import sys

from functions.pickup import codes as pickup_codes
from tests.conftest import ROOT
from tests.qr import says

REFERENCE = "K7M2-QX9P-D4TB"


def test_a_code_says_the_reference_and_nothing_else():
    drawing = pickup_codes.drawing_of(REFERENCE)

    assert pickup_codes.content_of("k7m2-qx9p-d4tb") == "MADOGUCHI:K7M2QX9PD4TB"
    assert says(drawing, "MADOGUCHI:K7M2QX9PD4TB")
    assert not says(drawing, "MADOGUCHI:K7M2QX9PD4TC")


def test_a_code_needs_no_style_of_its_own_and_stands_in_a_page():
    drawing = pickup_codes.drawing_of(REFERENCE)

    assert drawing.startswith("<svg ")
    assert not re.search("style|<script|href|<title", drawing)


def test_nothing_that_draws_codes_is_loaded_before_the_first_code():
    loaded = "import sys, function_app; print('functions.pickup.codes' in sys.modules, 'segno' in sys.modules)"

    answer = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True)

    assert answer.stdout.split() == ["True", "False"]
