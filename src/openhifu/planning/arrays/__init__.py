"""Phases and amplitudes of the elements of an array: steering, aberration, ribs, several foci; one method a file.

All of it is algebra on the elements' responses (``acoustics/responses.py``): P(x) = sum over e of h_e(x) u_e.
"""
