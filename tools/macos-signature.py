#!/usr/bin/env python3
"""Checks the ad-hoc signature of a library for macOS: each page has the hash that the code directory says.

    tools/macos-signature.py FILE

Prints what kind of signature it is. The layout is that of Apple's cs_blobs.h: all numbers are big-endian.
"""
import hashlib
import struct
import sys

LC_CODE_SIGNATURE = 0x1D
SUPER_BLOB, CODE_DIRECTORY = 0xFADE0CC0, 0xFADE0C02
ADHOC = 0x2
SHA256 = 2


def signature(data):
    """Offset and size of the signature, by the load commands."""
    (count,) = struct.unpack_from("<I", data, 16)
    at = 32
    for _ in range(count):
        command, size = struct.unpack_from("<II", data, at)
        if command == LC_CODE_SIGNATURE:
            return struct.unpack_from("<II", data, at + 8)
        at += size
    sys.exit("no LC_CODE_SIGNATURE")


def directory(data, at):
    """Offset of the code directory in the blob."""
    magic, _, count = struct.unpack_from(">III", data, at)
    if magic != SUPER_BLOB:
        sys.exit(f"no blob of signatures: {magic:#x}")
    for index in range(count):
        _, offset = struct.unpack_from(">II", data, at + 12 + 8 * index)
        if struct.unpack_from(">I", data, at + offset)[0] == CODE_DIRECTORY:
            return at + offset
    sys.exit("no code directory")


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    start, size = signature(data)
    if start + size != len(data):
        sys.exit(f"the signature does not end the file: {start} + {size} of {len(data)}")
    at = directory(data, start)
    _, _, _, flags, hashes, _, _, pages, limit, hash_size, kind, _, page_bits = struct.unpack_from(">9I4B", data, at)
    if kind != SHA256 or limit != start:
        sys.exit(f"hashes of kind {kind} of {limit} bytes, where {start} stand before the signature")
    page = 1 << page_bits
    if pages != (limit + page - 1) // page:
        sys.exit(f"{pages} pages of {page} bytes")
    for index in range(pages):
        piece = data[index * page : min((index + 1) * page, limit)]
        told = data[at + hashes + index * hash_size :][:hash_size]
        if hashlib.sha256(piece).digest() != told:
            sys.exit(f"page {index} has another hash")
    print(f"{'ad hoc' if flags & ADHOC else 'not ad hoc'}, {pages} pages")


main()
