"""The only room that knows every room: the command line, and the plain constructor calls that join the others."""
