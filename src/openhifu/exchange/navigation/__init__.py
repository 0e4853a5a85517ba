"""OpenIGTLink, the protocol of 3D Slicer and of tracking systems: volumes and temperature out, tracked poses in."""

from openhifu.exchange.navigation.messages import Message, decoded, image_message, transform_message
from openhifu.exchange.navigation.server import NavigationServer, TrackedPose

__all__ = ["Message", "NavigationServer", "TrackedPose", "decoded", "image_message", "transform_message"]
