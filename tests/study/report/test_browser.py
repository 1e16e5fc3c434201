"""The page in a browser: no script error, no sideways scroll, every image loaded, not too large."""

from __future__ import annotations

import functools
import http.server
import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    lines: [...page.querySelectorAll("#list li")].filter(line => line.checkVisibility()).length});
  frame.remove();
}
(async () => {
  for (const width of WIDTHS) for (const hash of ["", "#of-0", "#line-7"]) await ask(width, hash);
})().catch(error => answers.push(String(error)))
  .then(() => fetch("answers", {method: "POST", body: JSON.stringify(answers)}));
</script>"""

PATIENCE = 120  # seconds for all answers


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; what is posted goes to the server's queue."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        self.server.posted.put(json.loads(body))

    def log_message(self, *_):
        pass


@contextmanager
def served(folder: Path) -> Iterator[http.server.ThreadingHTTPServer]:
    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.posted = queue.Queue()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def asked(folder: Path) -> list:
    """What the page of a folder answers in a browser."""
    with served(folder) as server:
        command = [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--remote-debugging-port=0",  # it stays until it is told to go
            f"--user-data-dir={folder / 'profile'}",
            f"http://127.0.0.1:{server.server_port}/ask.html",
        ]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as browser:
            try:
                return server.posted.get(timeout=PATIENCE)
            finally:
                browser.terminate()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize(
    "lines, seeds, conditions",
    [(1000, 5, ("ctc", "attention")), (104, 3, ("ctc_0", "ctc_2", "attention_0", "attention_2"))],
)
def test_a_browser_shows_it(tmp_path, lines, seeds, conditions):
    report = fake.report(fake.grid(lines, seeds, conditions, first="<script>alert(1)</script>"))
    path = reports.write(report, tmp_path, fake.LineImages(report))
    assert path.stat().st_size < 10_000_000
    content = path.read_text("utf-8")
    (tmp_path / "page.html").write_text(content.replace("<head>", f"<head>{LISTEN}", 1), "utf-8")
    ask = ASK.replace("WIDTHS", json.dumps(WIDTHS))
    (tmp_path / "ask.html").write_text(ask, "utf-8")
    answers = asked(tmp_path)
    assert len(answers) == 3 * len(WIDTHS), answers
    for answer in answers:
        assert answer["inner"] == answer["width"]
        assert answer["scroll"] <= answer["inner"], answer
        assert answer["errors"] == [] and answer["broken"] == 0 and answer["images"] >= lines
        assert answer["open"] == bool(answer["hash"])
    shown = {answer["hash"]: answer["lines"] for answer in answers}
    assert shown[""] == 0 and 0 < shown["#of-0"] < shown["#line-7"] == lines
