"""What decides whether ultrasound is on: the program, the engine, its interlocks and its journal, and nothing else.

Read in this order: ``protocols`` (what a machine must do), ``steps`` and ``program`` (what is to be done), ``states``
(what is allowed when), ``engine`` and ``output`` (doing it), ``interlocks`` and ``monitor`` (what stops it),
``journal`` and ``folds`` (what remains of it).
"""
