#!/usr/bin/env python3
"""Captures to Parquet, a file each: python3 to_parquet.py FOLDER CAPTURE...

A row is a frame with messages of clients; what a frame has several of is a list. Each file is written beside and renamed,
so that many of these can fill one folder, on one machine or on many, while others read it. A capture whose file is newer
than itself is left alone. What follows `--` goes to tshark: decryption keys, ports, limits.

Needs tshark with the plugin, and pyarrow.
"""

import os
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq

TEXT, TEXTS, WHOLE, TIMES = pa.string(), pa.list_(pa.string()), pa.list_(pa.int32()), pa.list_(pa.float64())
ROWS = 100_000  # of a Parquet row group: so much is held in memory
# The column, the field and the type of its values; times are UTC.
COLUMNS = [
    ("frame", "frame.number", pa.int64()),
    ("time", "frame.time_epoch", pa.timestamp("us")),
    ("source", "ip.src", TEXT),
    ("source6", "ipv6.src", TEXT),
    ("source_port", "tcp.srcport", pa.int32()),
    ("destination", "ip.dst", TEXT),
    ("destination6", "ipv6.dst", TEXT),
    ("destination_port", "tcp.dstport", pa.int32()),
    ("is_request", "aerospike.request", pa.bool_()),
    ("operations", "aerospike.operation", WHOLE),
    ("namespaces", "aerospike.namespace", TEXTS),
    ("sets", "aerospike.set", TEXTS),
    ("digests", "aerospike.digest", TEXTS),
    ("keys", "aerospike.key", TEXTS),
    ("results", "aerospike.msg.result_code", WHOLE),
    ("response_times", "aerospike.response_time", TIMES),
    ("timed_out", "aerospike.expert.timed_out", pa.bool_()),
]
CELLS, BETWEEN = "\x1e", "\x1f"  # between cells, and between values: no text has them


def value(cell, kind):
    """A cell of tshark's as a value of that type."""
    if kind == pa.bool_():
        return bool(cell)
    if pa.types.is_list(kind):
        of = {TEXTS: str, WHOLE: int, TIMES: float}[kind]
        return [of(one) for one in cell.split(BETWEEN)] if cell else []
    if not cell:
        return None
    first = cell.split(BETWEEN)[0]  # a tunnel has several addresses: the outer one
    if pa.types.is_timestamp(kind):
        seconds, _, rest = first.partition(".")
        return int(seconds) * 1_000_000 + int(rest[:6].ljust(6, "0"))
    return first if kind == TEXT else int(first)


def frames(capture, options):
    """A list of values for each frame with messages of clients."""
    command = ["tshark", "-n", "-2", "-r", capture, "-Y", "aerospike.request || aerospike.response"]
    command += ["-T", "fields", "-E", f"separator={CELLS}", "-E", f"aggregator={BETWEEN}", *options]
    for _, field, _ in COLUMNS:
        command += ["-e", field]
    tshark = subprocess.Popen(command, stdout=subprocess.PIPE)
    for line in tshark.stdout:
        cells = line.decode(errors="replace").rstrip("\n").split(CELLS)
        yield [value(cell, kind) for cell, (_, _, kind) in zip(cells, COLUMNS)]
    if tshark.wait() != 0:
        raise SystemExit(f"tshark failed on {capture}")


def convert(capture, target, options):
    schema = pa.schema([(name, kind) for name, _, kind in COLUMNS])
    beside, count, rows = f"{target}.{os.getpid()}.part", 0, []
    with pq.ParquetWriter(beside, schema, compression="zstd") as out:

        def write():
            columns = [pa.array(list(column), kind) for column, kind in zip(zip(*rows), schema.types)]
            out.write_table(pa.Table.from_arrays(columns, schema=schema))

        for row in frames(capture, options):
            rows.append(row)
            count += 1
            if len(rows) == ROWS:
                write()
                rows.clear()
        if rows:
            write()
    os.replace(beside, target)
    print(f"{target}: {count} frames")


def main(arguments):
    options = arguments[arguments.index("--") + 1 :] if "--" in arguments else []
    folder, *captures = arguments[: len(arguments) - len(options) - bool(options)]
    os.makedirs(folder, exist_ok=True)
    for capture in captures:
        target = os.path.join(folder, os.path.basename(capture).removesuffix(".gz") + ".parquet")
        if not os.path.exists(target) or os.path.getmtime(target) < os.path.getmtime(capture):
            convert(capture, target, options)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    main(sys.argv[1:])
