"""Clinical wishes, one a file: each a number of the whole course of exposures, with its derivative.

Hard limits of device and site are bounds of the optimiser, never objectives: nothing here can trade them.
"""
