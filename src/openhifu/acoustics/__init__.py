"""Ultrasound: from a driven source and a medium to the pressure field and the heat it leaves behind.

Modules are imported by name; ``openhifu.acoustics.solve`` is the door.
"""
