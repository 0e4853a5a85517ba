"""The nouns of a treatment, frozen: tissue, transducer, target, pose, sonication, plan, approval, events, case.

Modules are imported by name; ``grids`` of numbers live only in ``tissuemap``, ``medium`` and ``regions``.
"""
