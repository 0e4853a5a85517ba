"""From a case to a plan: poses, spots, fields, powers, rests, predictions and checks.

The road: ``window`` finds directions that reach the target, ``ranking`` lets a field decide between the best of them,
``spots`` fills the target, ``shadow`` switches off elements behind bone, ``fields`` solves one field a spot, ``powers``
finds what each spot needs, ``predict`` runs the whole treatment, ``checks`` holds it against every limit.
"""
