"""The pictures of the reports, drawn on matplotlib ``Figure`` objects without pyplot."""
