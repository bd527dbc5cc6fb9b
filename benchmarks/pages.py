"""What a reader waits for: the weight of a page, what moves on it, how soon its figures are alive.

    python benchmarks/pages.py SITE [PAGE …]

SITE is a built site; PAGE is such as chapters/04_attention.html (else: every chapter). Each is
served compressed to Chromium with an empty cache. It is weighed twice: as it loads, and when the
reader has scrolled through all of it. Then it is loaded as a phone gets it, over slow 4G (1.6
Mbit/s and 150 ms), with a processor four times slower.
"""

import gzip
import http.server
import sys
import threading
import time
from functools import partial
from pathlib import Path

from playwright.sync_api import sync_playwright

DEBIAN = Path("/usr/bin/chromium")
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 96_000}
TEXT = (".html", ".js", ".css", ".svg", ".json")
SHIFTS = """
window.moved = 0; window.last = [];
new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
  if (entry.hadRecentInput) return;
  window.moved += entry.value;
  const nodes = (entry.sources ?? []).map(({ node }) => node?.id || node?.className);
  window.last.push([entry.value, nodes]);
})).observe({ type: "layout-shift", buffered: true });
"""
IN_VIEW = """() => [...document.querySelectorAll(".qkv-live")].filter((host) => {
  const { top, bottom } = host.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}).every((host) => host.matches(".qkv-ready"))"""


class Compressed(http.server.SimpleHTTPRequestHandler):
    """Serves files as a web host does: text compressed; notes what each answer weighs."""

    sent: list[tuple[str, int, int]] = []  # noqa: RUF012 (one list for all answers, on purpose)

    def do_GET(self):
        """Answer with a file."""
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        body = raw = path.read_bytes()
        self.send_response(200)
        if path.suffix in TEXT:
            body = gzip.compress(raw, 6)
            self.send_header("Content-Encoding", "gzip")
        self.sent.append((self.path, len(raw), len(body)))
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Say nothing for each file."""


def serve(site):
    """Serve a folder; return its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Compressed, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def weight():
    """Return (bytes, bytes compressed) of all that was sent since the last call."""
    raw, packed = (sum(answer[i] for answer in Compressed.sent) for i in (1, 2))
    Compressed.sent.clear()
    return raw, packed


def scroll_through(page):
    """Scroll a page to its end as a reader does, half a screen at a time."""
    down = "() => { scrollBy(0, innerHeight / 2); return scrollY + innerHeight }"
    while page.evaluate(down) < page.evaluate("document.body.scrollHeight - 2"):
        page.wait_for_timeout(150)
    page.wait_for_timeout(500)


def look(browser, url, width=1200):
    """Return what a page weighs, on load and in all, and by how much it moves while scrolling."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    context.add_init_script(SHIFTS)
    page = context.new_page()
    weight()
    page.goto(url, wait_until="networkidle")
    loaded = weight()
    scroll_through(page)
    more = weight()
    moved = page.evaluate("[moved, last.sort((a, b) => b[0] - a[0]).slice(0, 3)]")
    context.close()
    return loaded, [a + b for a, b in zip(loaded, more, strict=True)], *moved


def wait_on_a_phone(browser, url):
    """Return the seconds until a page is read, and until the figures around the first are alive."""
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    start = time.monotonic()
    page.goto(url, wait_until="commit")
    page.wait_for_selector("h1:visible", timeout=60_000)
    read = time.monotonic() - start
    page.wait_for_selector(".qkv-live", state="attached")
    page.wait_for_function("document.querySelector('.qkv-live').scrollIntoView() || true")
    page.wait_for_function(IN_VIEW, timeout=90_000)
    alive = time.monotonic() - start
    context.close()
    return read, alive


def main(site, *names):
    """Print a line for each page."""
    site = Path(site)
    names = names or [str(p.relative_to(site)) for p in sorted(site.glob("chapters/*.html"))]
    address = serve(site)
    print("page  on load: kB, kB packed · in all: kB, kB packed · shift wide, phone · seconds")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(DEBIAN) if DEBIAN.is_file() else None, args=["--no-sandbox"]
        )
        for name in names:
            loaded, whole, moved, most = look(browser, f"{address}/{name}")
            *_, phone, most_phone = look(browser, f"{address}/{name}", width=360)
            read, alive = wait_on_a_phone(browser, f"{address}/{name}")
            kb = " ".join(f"{size / 1000:6.0f}" for size in (*loaded, *whole))
            print(f"{name:40} {kb}   {moved:.3f} {phone:.3f}   {read:.1f} {alive:.1f}", flush=True)
            print("   ", most, most_phone)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
