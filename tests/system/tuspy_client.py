"""Uploads a file with tuspy, a client of tus that is not ours, in chunks with their checksums.

``python tuspy_client.py SERVER TOKEN FILE [URL]``: prints the upload's address, where it begins, then each offset.
"""

import sys

from tusclient.client import TusClient

CHUNK_BYTES = 1024 * 1024


def main(server: str, token: str, file: str, url: str) -> None:
    """Begins an upload, or goes on with the one at ``url``."""
    uploader = TusClient(server, headers={"Authorization": f"Bearer {token}"}).uploader(
        file,
        url=url or None,
        chunk_size=CHUNK_BYTES,
        metadata={"filename": "a.edxml", "filetype": "application/edxml+xml"},
        upload_checksum=True,
    )
    if not url:
        uploader.set_url(uploader.create_url())
    print(uploader.url, uploader.offset, sep="\n", flush=True)  # noqa: T201 — read by who started this
    while uploader.offset < uploader.get_file_size():
        uploader.upload_chunk()
        print(uploader.offset, flush=True)  # noqa: T201 — likewise


if __name__ == "__main__":
    main(*sys.argv[1:])
