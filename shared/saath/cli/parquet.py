"""Rows into a Parquet file, a row group at a time: memory holds one group, whatever the file's size."""

from importlib import import_module
from typing import Any, BinaryIO

from saath.export import Row, row
from saath.kafka.records import Record
from saath.settings import refuse

GROUP_ROWS = 20_000
GROUP_BYTES = 16 * 1024 * 1024

MOMENTS = frozenset({"time", "logged_at"})
COUNTS = {"partition": "int32", "offset": "int64"}


class ParquetLines:
    """Takes records, writes row groups. Use it as a context manager; it does not close the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._arrow, parquet = _pyarrow()
        self._schema = _schema(self._arrow)
        self._writer: Any = parquet.ParquetWriter(file, self._schema, compression="zstd")
        self._rows: list[Row] = []
        self._size_bytes = 0

    def __enter__(self) -> "ParquetLines":
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self._flush()
        self._writer.close()

    def add(self, record: Record) -> None:
        """Take one record."""
        self._rows.append(row(record))
        self._size_bytes += record.size_bytes
        if len(self._rows) >= GROUP_ROWS or self._size_bytes >= GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        arrays = [
            self._arrow.array(column, type=field.type)
            for column, field in zip(zip(*self._rows, strict=True), self._schema, strict=True)
        ]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))
        self._rows, self._size_bytes = [], 0


def need_pyarrow() -> None:
    """Leave with a sentence where pyarrow is not installed."""
    _pyarrow()


def _pyarrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        refuse("Parquet needs an extra: pip install 'saath[parquet]'; JSON lines need none")


def _schema(arrow: Any) -> Any:
    def of(name: str) -> Any:
        if name in MOMENTS:
            return arrow.timestamp("us" if name == "time" else "ms", tz="UTC")
        return getattr(arrow, COUNTS.get(name, "string"))()

    return arrow.schema([(name, of(name)) for name in Row._fields])
