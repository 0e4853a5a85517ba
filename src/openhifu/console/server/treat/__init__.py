"""A treatment run from the console: the engine in a process of its own, joined to the server by four narrow pipes.

The engine's process never waits for the server. One pipe carries beats and stop and is read by a thread of its own; one
carries answers in, one status out, one pictures out, and of status and pictures only the newest is ever sent.
"""
