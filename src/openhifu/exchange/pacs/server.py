"""A storage server: takes objects others send, and shows an association's objects only when it has ended well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

from openhifu.base.errors import DeviceFault, HifuError
from openhifu.exchange.pacs.peer import OUR_TITLE
from openhifu.exchange.pacs.staging import Staging

_SYNTAXES = (
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.5",
)
"""Transfer syntaxes that can be read: uncompressed ones first, which are preferred."""

_FETCHED = (
    "CTImageStorage",
    "EnhancedCTImageStorage",
    "MRImageStorage",
    "EnhancedMRImageStorage",
    "SegmentationStorage",
    "RTStructureSetStorage",
    "RTDoseStorage",
    "ParametricMapStorage",
    "Comprehensive3DSRStorage",
    "ComprehensiveSRStorage",
    "EncapsulatedPDFStorage",
    "SecondaryCaptureImageStorage",
    "MultiFrameGrayscaleByteSecondaryCaptureImageStorage",
    "MultiFrameGrayscaleWordSecondaryCaptureImageStorage",
    "MultiFrameTrueColorSecondaryCaptureImageStorage",
    "LegacyConvertedEnhancedCTImageStorage",
    "LegacyConvertedEnhancedMRImageStorage",
    "EnhancedMRColorImageStorage",
    "MRSpectroscopyStorage",
    "PositronEmissionTomographyImageStorage",
    "EnhancedPETImageStorage",
    "LegacyConvertedEnhancedPETImageStorage",
    "NuclearMedicineImageStorage",
    "UltrasoundImageStorage",
    "UltrasoundMultiFrameImageStorage",
    "EnhancedUSVolumeStorage",
    "ComputedRadiographyImageStorage",
    "DigitalXRayImageStorageForPresentation",
    "XRayAngiographicImageStorage",
    "XRay3DAngiographicImageStorage",
    "RTPlanStorage",
    "RTImageStorage",
    "SpatialRegistrationStorage",
    "DeformableSpatialRegistrationStorage",
    "SpatialFiducialsStorage",
    "SurfaceSegmentationStorage",
    "RealWorldValueMappingStorage",
    "RawDataStorage",
    "BasicTextSRStorage",
    "EnhancedSRStorage",
    "XRayRadiationDoseSRStorage",
    "KeyObjectSelectionDocumentStorage",
    "GrayscaleSoftcopyPresentationStateStorage",
    "ColorSoftcopyPresentationStateStorage",
    "EncapsulatedCDAStorage",
)
"""What is asked for when fetching: what this program reads or writes, and what else a hospital's study often holds.

An archive must send all of a study or the fetch fails, and it sends no kind it was not asked for.
"""


def storage_contexts(fetching: bool = False) -> list[Any]:
    """Presentation contexts for storage: everything the standard knows as server, our own kinds when fetching."""
    import pydicom.uid
    from pynetdicom import AllStoragePresentationContexts
    from pynetdicom.presentation import build_context

    if fetching:
        return [build_context(getattr(pydicom.uid, name), list(_SYNTAXES)) for name in _FETCHED]
    return [build_context(c.abstract_syntax or "", list(_SYNTAXES)) for c in AllStoragePresentationContexts]


class Server:
    """A running storage server that hands every object on; ``close`` stops it.

    Args:
        title: our application entity title.
        port: TCP port to listen on.
        take: called with every object; an error of it is answered as out of resources.
        address: to listen on; all interfaces by default, since the archive is another machine.

    Raises:
        DeviceFault: if the port is taken.
    """

    def __init__(self, title: str, port: int, take: Callable[[Any], None], address: str = "") -> None:
        from pynetdicom import evt

        def received(event: Any) -> int:
            ds = event.dataset
            ds.file_meta = event.file_meta
            return _taken(take, ds)

        self._server = _listening(title, port, address, [(evt.EVT_C_STORE, received)])

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()


class Inbox:
    """A storage server that files what it receives, one folder an association.

    The objects of an association appear under ``folder`` when it was released in order; when it was aborted or the
    line broke, nothing of it is left. ``close`` stops the server.
    """

    def __init__(self, folder: Path, port: int, title: str = OUR_TITLE, address: str = "") -> None:
        from pynetdicom import evt

        self._folder, self._lock = folder, Lock()
        self._open: dict[Any, Staging] = {}
        self._number = 0
        self.arrived: list[Path] = []
        handlers = [
            (evt.EVT_C_STORE, self._received),
            (evt.EVT_RELEASED, self._released),
            (evt.EVT_ABORTED, self._broken),
            (evt.EVT_CONN_CLOSE, self._broken),
        ]
        self._server = _listening(title, port, address, handlers)

    def close(self) -> None:
        """Stop listening; what is under way is dropped."""
        self._server.shutdown()
        with self._lock:
            for waiting in self._open.values():
                waiting.drop()
            self._open.clear()

    def _received(self, event: Any) -> int:
        ds = event.dataset
        ds.file_meta = event.file_meta
        with self._lock:
            if event.assoc not in self._open:
                self._number += 1
                name = f"{event.timestamp:%Y%m%d-%H%M%S}-{self._number:04d}"
                self._open[event.assoc] = Staging(self._folder / name)
            waiting = self._open[event.assoc]
        return _taken(waiting.add, ds)

    def _released(self, event: Any) -> None:
        with self._lock:
            waiting = self._open.pop(event.assoc, None)
            if waiting is not None:
                self.arrived.extend(waiting.keep())

    def _broken(self, event: Any) -> None:
        with self._lock:
            waiting = self._open.pop(event.assoc, None)
        if waiting is not None:
            waiting.drop()


def _listening(title: str, port: int, address: str, handlers: list[Any]) -> Any:
    from pynetdicom import AE
    from pynetdicom.presentation import build_context

    entity = AE(ae_title=title)
    entity.supported_contexts = [build_context("1.2.840.10008.1.1"), *storage_contexts()]
    entity.maximum_pdu_size = 0
    entity.network_timeout = 30
    try:
        return entity.start_server((address, port), block=False, evt_handlers=handlers)
    except OSError as error:
        raise DeviceFault(f"cannot listen on port {port}: {error.strerror or error}; choose another") from error


def _taken(take: Callable[[Any], None], ds: Any) -> int:
    try:
        take(ds)
    except (OSError, HifuError, ValueError):
        return 0xA700
    return 0x0000
