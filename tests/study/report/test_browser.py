"""The page in a browser: no script error, no sideways scroll, every image loaded, not too large."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from ocr_tf.study import report as reports
from tests.study import fake

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
WIDTHS = (1280, 390)

# Runs before all else in the page; failed loads are errors too.
LISTEN = "<script>errors = []; addEventListener('error', e => errors.push(String(e.message)), true);</script>"
# Asks the page at each width, plain and with a set of lines open.
ASK = """<!DOCTYPE html><body><script>
const answers = [];
async function ask(width, hash) {
  const frame = document.createElement("iframe");
  frame.width = width; frame.height = 900; frame.style.border = 0;
  frame.src = "page.html" + hash;
  document.body.append(frame);
  await new Promise(done => frame.onload = done);
  const page = frame.contentDocument, view = frame.contentWindow;
  let broken = 0;
  for (const image of page.images) {
    try { await image.decode(); } catch (error) { broken++; }
    if (!image.naturalWidth) broken++;
  }
  answers.push({width, hash, inner: view.innerWidth, scroll: page.documentElement.scrollWidth,
    errors: view.eval("errors"), images: page.images.length, broken,
    open: page.querySelector("#list").open,
    lines: [...page.querySelectorAll("#list li")].filter(line => line.offsetParent).length});
  frame.remove();
}
(async () => {
  for (const width of WIDTHS) for (const hash of ["", "#of-0", "#line-7"]) await ask(width, hash);
  document.body.textContent = "ANSWERS" + JSON.stringify(answers) + "END";
})();
</script>"""


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize(
    "lines, seeds, conditions",
    [(1000, 5, ("ctc", "attention")), (104, 3, ("ctc_0", "ctc_2", "attention_0", "attention_2"))],
)
def test_a_browser_shows_it(tmp_path, lines, seeds, conditions):
    report = fake.report(fake.grid(lines, seeds, conditions, first="<script>alert(1)</script>"))
    path = reports.write(report, tmp_path, fake.Art(report))
    assert path.stat().st_size < 10_000_000
    content = path.read_text("utf-8")
    (tmp_path / "page.html").write_text(content.replace("<head>", f"<head>{LISTEN}", 1), "utf-8")
    ask = tmp_path / "ask.html"
    ask.write_text(ASK.replace("WIDTHS", json.dumps(WIDTHS)), "utf-8")
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--allow-file-access-from-files",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--virtual-time-budget=120000",
        "--dump-dom",
        ask.as_uri(),
    ]
    told = subprocess.run(command, capture_output=True, text=True, timeout=300).stdout
    answers = json.loads(re.search("ANSWERS(.*)END", told, re.DOTALL)[1])
    assert len(answers) == 3 * len(WIDTHS)
    for answer in answers:
        assert answer["inner"] == answer["width"]
        assert answer["scroll"] <= answer["inner"], answer
        assert answer["errors"] == [] and answer["broken"] == 0 and answer["images"] >= lines
        assert answer["open"] == bool(answer["hash"])
    shown = {answer["hash"]: answer["lines"] for answer in answers}
    assert shown[""] == 0 and 0 < shown["#of-0"] < shown["#line-7"] == lines
