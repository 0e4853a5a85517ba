"""The sections of the treatment report: each turns numbers and figures into blocks that the page template sets."""
