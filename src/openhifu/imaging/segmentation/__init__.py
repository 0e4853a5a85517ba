"""Classes of tissue found in a CT by classical methods: body, skin, fat, muscle, bone, gas and lung."""

from openhifu.imaging.segmentation.classes import CLASS_TISSUES, METHODS, Segmentation, segmented

__all__ = ["CLASS_TISSUES", "METHODS", "Segmentation", "segmented"]
