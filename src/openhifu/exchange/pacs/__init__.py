"""A hospital's archive: DIMSE (echo, find, move, get, store) and DICOMweb, as client, and a storage server."""

from openhifu.exchange.pacs.peer import Peer
from openhifu.exchange.pacs.web import WebArchive

__all__ = ["Peer", "WebArchive"]
