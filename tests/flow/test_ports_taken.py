"""A port that is taken: every service with its own server says so, in a sentence that names the setting."""

import os
import socket
import subprocess
import sys

import pytest

SECRETS = {
    "SAATH_INSTALLATION_KEY": "0123456789abcdef",
    "SAATH_TURN_KEYS": "0123456789abcdef",
    "SAATH_CREDENTIALS__KEYS": "5t8T0ZqBhYwQyXvT3eYcU1nqk3Vb0mJm2wq7mWQ3x7E=",
    "SAATH_SYNC__APP_ID": "1",
    "SAATH_SYNC__APP_SECRET": "a-secret",
    "SAATH_SYNC__API_TOKEN": "0123456789abcdef",
}


@pytest.mark.parametrize("service", ["router", "sender", "sync"])
def test_a_taken_port_is_a_sentence_and_exit_status_2(service: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            [sys.executable, "-m", f"saath_{service}"],
            env={**os.environ, **SECRETS, "SAATH_HTTP_PORT": port},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    where = f"127.0.0.1:{port} (Address already in use)"
    sentence = f"saath: SAATH_HTTP_HOST and SAATH_HTTP_PORT: cannot listen on {where}\n"
    assert (ended.returncode, ended.stderr) == (2, sentence)
