import base64
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

PLOTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PLOTS))
sys.path.insert(0, str(PLOTS / "tests"))
from foresight.defaults import Defaults, changed_settings
from foresight.load import load, load_run
from foresight.report import render
from foresight.watch import LivePage, make_server
from synthetic_study import write_csv, write_manifests, write_study

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DESCRIBED = """#!/bin/sh
case $2 in
sac) echo '[{"name": "sac", "presets": [{"environments": ["Pendulum-v1"], "settings": ["agent.updates=2"]}], "settings": [
{"key": "agent.updates", "default": "1"}, {"key": "agent.batch_size", "default": "256"},
{"key": "learner.hidden", "default": "[64, 64]"}]}]';;
*) echo '[]';;
esac
"""


class Page(HTMLParser):
    """Links, images and headings of a page, and whether its elements are closed in order."""

    VOID = {"meta", "img", "br", "link", "input", "hr"}

    def __init__(self, text: str):
        super().__init__()
        self.links, self.images, self.headings, self.anchors, self.open = [], [], [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors.add(found.get("id"))
        if tag == "a":
            self.links.append(found["href"])
        if tag == "img":
            self.images.append(found)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_data(self, text):
        if self.open and self.open[-1] in ("h1", "h2", "h3"):
            self.headings.append(text)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag


class Report(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name) / "a study"
        write_study(self.folder, seeds=2)

    def test_stands_alone_and_its_links_lead_somewhere(self):
        write_manifests(self.folder, failed=("Pendulum-v1", "sac", 1))
        done = subprocess.run([sys.executable, PLOTS / "report.py", self.folder], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        text = (self.folder / "report.html").read_text(encoding="utf-8")
        page = Page(text)
        self.assertEqual(page.open, [])
        self.assertNotIn("http", re.sub(r"base64,[A-Za-z0-9+/=]+", "", text))
        for image in page.images:
            svg = base64.b64decode(image["src"].removeprefix("data:image/svg+xml;base64,"))
            self.assertEqual(ElementTree.fromstring(svg).tag, "{http://www.w3.org/2000/svg}svg")
            self.assertTrue(image["alt"])
        self.assertGreaterEqual(len(page.images), 10)
        for heading in ("demo", "Failures", "Results", "Aggregates over tasks", "Pendulum-v1", "Runs", "Commands and versions"):
            self.assertIn(heading, page.headings)
        runs = [link for link in page.links if not link.startswith("#")]
        self.assertEqual(len(runs), 8)
        for link in page.links:
            if link.startswith("#"):
                self.assertIn(link[1:], page.anchors)
            else:
                self.assertTrue((self.folder / link).is_dir(), link)
        self.assertIn("loss is not finite &lt;at step 7&gt;", text)
        self.assertIn("Swift 6.3", text)

    def test_equal_folders_give_equal_pages(self):
        pages = {render(load(self.folder), figures={"sample-efficiency", "metrics"}) for _ in range(2)}
        self.assertEqual(len(pages), 1)

    def test_settings_that_differ(self):
        write_manifests(self.folder)
        program = self.folder / "program"
        program.write_text(DESCRIBED)
        program.chmod(0o755)
        found = dict(changed_settings(load(self.folder), Defaults(program)))
        self.assertEqual(found["pets"], [])
        self.assertEqual(set(found["sac"]), {
            ("agent.batch_size", "128", "256"), ("agent.updates", "5 in cart-pole-swing-up", "1"),
            ("agent.updates", "5 in Pendulum-v1", "2")})

    def test_a_single_run(self):
        write_manifests(self.folder)
        run = self.folder / "Pendulum-v1" / "sac" / "seed-0"
        self.assertEqual(load_run(run).steps, 10_000)
        text = render(load(run), source=run)
        self.assertEqual([image["id"] for image in Page(text).images], ["figure-run"])

    @unittest.skipUnless(CHROMIUM, "Chromium is not installed")
    def test_chromium_shows_it(self):
        write_manifests(self.folder)
        page, picture = self.folder / "report.html", self.folder / "page.png"
        page.write_text(render(load(self.folder), figures={"sample-efficiency"}), encoding="utf-8")
        subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,1500",
                        f"--screenshot={picture}", page.as_uri()], check=True, capture_output=True, timeout=60)
        import numpy as np
        from PIL import Image

        pixels = np.asarray(Image.open(picture).convert("RGB")).reshape(-1, 3)
        self.assertIn((0, 0x72, 0xB2), {tuple(color) for color in pixels}, "the first agent's curve is not to be seen")


class Watch(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name) / "study"
        write_study(self.folder, seeds=1)
        write_manifests(self.folder)
        self.run_folder = self.folder / "Pendulum-v1" / "sac" / "seed-0"
        self.server, self.address = make_server(self.run_folder)
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def get(self, address: str, **headers) -> tuple[int, str, str]:
        try:
            with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30) as answer:
                return answer.status, answer.read().decode(), answer.headers["ETag"]
        except urllib.error.HTTPError as error:
            return error.code, "", ""

    def test_only_who_has_the_token_on_this_machine_sees_it(self):
        self.assertEqual(self.server.server_address[0], "127.0.0.1")
        status, text, _ = self.get(self.address)
        self.assertEqual(status, 200)
        self.assertIn("sac in Pendulum-v1", text)
        root = self.address.rsplit("/", 2)[0]
        for address in (root + "/", root + "/guess/", self.address + "manifest.json"):
            self.assertEqual(self.get(address)[0], 404)
        self.assertEqual(self.get(self.address, Host="example.org")[0], 404)

    def test_says_when_nothing_has_changed(self):
        _, _, tag = self.get(self.address + "content")
        self.assertEqual(self.get(self.address + "content", **{"If-None-Match": tag})[0], 304)

    def test_follows_the_run(self):
        page = LivePage(self.run_folder, share=1e9)
        before = page.current()
        self.assertEqual(page.current(), before)
        self.assertEqual(page.drawings, 1)
        rows = [[0, 0, -900.0, 5], [1000, 0, -123.4, 5]]
        write_csv(self.run_folder / "evaluations.csv", ["environment_steps", "episode", "return", "length"], rows)
        manifest = json.loads((self.run_folder / "manifest.json").read_text())
        (self.run_folder / "manifest.json").write_text(json.dumps({**manifest, "status": "running"}))
        text, tag = page.current()
        self.assertIn("-123.4", text)
        self.assertNotEqual(tag, before[1])
        slow = LivePage(self.run_folder, share=1e-9)
        slow.current()
        write_csv(self.run_folder / "evaluations.csv", ["environment_steps", "episode", "return", "length"], rows[:1])
        slow.current()
        self.assertEqual(slow.drawings, 1, "drawing would take more than its share of the time")

    def test_a_study_that_has_only_begun(self):
        for path in self.folder.rglob("*.csv"):
            path.unlink()
        text, _ = LivePage(self.folder).current()
        self.assertIn("No evaluation has ended yet", text)


if __name__ == "__main__":
    unittest.main()
