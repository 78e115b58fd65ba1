"""Write every events file and the table of leaves anew; read the difference before committing it."""

import json

from tests.contract.expectation import bodies, expectation, records
from tests.contract.leaves import TABLE, table


def main() -> None:
    """Write what the code does, and say which files that changed."""
    for body in bodies():
        path, found = expectation(body), records(body.read_bytes())
        text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print("written:", path.name)
    TABLE.write_text(table(bodies()), encoding="utf-8")


if __name__ == "__main__":
    main()
