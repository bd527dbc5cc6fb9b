"""The built site, for all tests of this folder."""

import http.server
import threading
from functools import partial

import pytest

from qkv.paths import root
from qkv.publish.build import build_site


@pytest.fixture(scope="module")
def site():
    """The folder of the built site."""
    build_site()
    return root() / "_build/html"


@pytest.fixture(scope="module")
def address(site):
    """Where the site is served, on this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
