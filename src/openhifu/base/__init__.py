"""Ground floor: units, frames, grids, fields, records, outcomes and errors, shared by every room.

Modules are imported by name (``from openhifu.base.grid import Grid``), so that a room which needs no
numerics, such as delivery, loads none.
"""
